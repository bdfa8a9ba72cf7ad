"""A second bill for one charge, and bills that the operator takes back."""

from decimal import Decimal

import pytest
import time_machine

from apps.billing.models import Invoice
from apps.billing.periods import Period
from apps.billing.services import run_invoices
from apps.cdrs import services as cdr_services
from apps.cdrs.messages import CdrMessage, Price
from apps.cdrs.models import CDR, ReviewRule
from apps.payments.models import SandboxPayment
from apps.payments.states import State as PaymentState
from apps.remote_sessions import services
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.states import State
from tests.accounts.factories import AccountFactory, TokenFactory
from tests.remote_sessions.factories import fresh, held_back, mend, story


def reasons(cdr: CDR) -> list[str]:
    return [reason["code"] for reason in CDR.objects.get(pk=cdr.pk).hold_reasons]


@pytest.fixture
def charge(world) -> RemoteSession:
    """Paid for: 10.00 with 21 % VAT."""
    remote_session = world.active(blocked="50")
    world.send_cdr(remote_session)
    world.work()
    assert fresh(remote_session).payment.captured_amount == Decimal("12.10")
    return remote_session


@pytest.fixture
def unpaid(world) -> RemoteSession:
    """With a CDR of which nothing is captured yet, because its price is not known."""
    remote_session = world.active(blocked="50")
    world.send_cdr(remote_session, total_cost=Price(None, None))
    world.work()
    assert fresh(remote_session).payment.state == PaymentState.PREAUTH_ACCEPTED
    return remote_session


def credit(world, remote_session, **fields):
    wanted = {
        "cdr_id": "C-1-CREDIT", "is_credit": True, "credit_reference_id": "C-1",
        "total_cost": Price(Decimal(-10)), **fields,
    }  # fmt: skip
    return world.send_cdr(remote_session, **wanted)


def test_a_second_cdr_is_held_told_and_captures_nothing(world, charge):
    first = fresh(charge).cdr

    second = world.send_cdr(charge, cdr_id="C-2", total_cost=Price(Decimal(30)))
    world.job()

    assert reasons(second) == ["SECOND_CDR_OF_CHARGE"]
    assert CDR.objects.get(pk=second.pk).is_held
    assert fresh(charge).cdr == first
    assert "Another CDR came for this charge: C-2" in story(charge)[-1]
    assert fresh(charge).payment.captured_amount == Decimal("12.10")
    assert SandboxPayment.objects.get().captures == 1


def test_no_review_rule_accepts_a_second_cdr_by_itself(world, charge):
    ReviewRule.objects.create(when_clean="ACCEPT", when_odd="HOLD")

    second = world.send_cdr(charge, cdr_id="C-2")

    assert CDR.objects.get(pk=second.pk).status == CDR.Status.PENDING
    assert "SECOND_CDR_OF_CHARGE" in reasons(second)


def test_two_cdrs_of_one_charge_in_one_delivery_are_one_and_a_second(world):
    remote_session = world.active(blocked="50")
    common = {
        **world._charge(), "ended_at": world.now, "session_id": "S-1", "location_country": "NL",
        "total_cost": Price(Decimal(10)), "kwh": Decimal(10),
    }  # fmt: skip
    cdr_services.receive_cdrs(
        messages=[CdrMessage(**common, cdr_id=name) for name in ("C-1", "C-2")], source="OCPI",
        now=world.now,
    )  # fmt: skip

    first, second = CDR.objects.order_by("cdr_id")
    assert fresh(remote_session).cdr == first
    assert (reasons(first), reasons(second)) == ([], ["SECOND_CDR_OF_CHARGE"])


def delivery(world, *bills: dict) -> list[CDR]:
    """Several CDRs in one page of a pull, or in one batch."""
    common = {
        **world._charge(), "ended_at": world.now, "session_id": "S-1", "location_country": "NL",
        "total_cost": Price(Decimal(10)), "kwh": Decimal(10),
    }  # fmt: skip
    cdr_services.receive_cdrs(
        messages=[CdrMessage(**{**common, **bill}) for bill in bills], source="OCPI",
        now=world.now,
    )  # fmt: skip
    return list(CDR.objects.filter(cdr_id__in=[bill["cdr_id"] for bill in bills]).order_by("id"))


BACK = {
    "cdr_id": "C-1-CREDIT", "is_credit": True, "credit_reference_id": "C-1",
    "total_cost": Price(Decimal(-10)),
}  # fmt: skip
CORRECTED = {"cdr_id": "C-2", "total_cost": Price(Decimal(20))}


def test_a_credit_and_the_corrected_cdr_in_one_delivery_replace_the_cdr(world, unpaid):
    back, corrected = delivery(world, BACK, CORRECTED)
    world.job()

    assert (reasons(back), reasons(corrected)) == ([], [])
    assert fresh(unpaid).cdr == corrected
    assert fresh(unpaid).payment.captured_amount == Decimal("24.20")


def test_a_cdr_its_credit_and_the_corrected_one_in_one_delivery_are_the_corrected_one(world):
    remote_session = world.active(blocked="50")

    first, back, corrected = delivery(world, {"cdr_id": "C-1"}, BACK, CORRECTED)
    world.job()

    assert (reasons(first), reasons(back), reasons(corrected)) == ([], [], [])
    assert fresh(remote_session).cdr == corrected
    assert fresh(remote_session).payment.captured_amount == Decimal("24.20")
    assert SandboxPayment.objects.get().captures == 1


def test_a_cdr_that_was_taken_back_is_given_to_no_other_charge(world, unpaid):
    delivery(world, BACK, CORRECTED)
    world.job()
    other = world.start(blocked="50")
    world.job()

    assert fresh(unpaid).cdr.cdr_id == "C-2"
    assert fresh(other).cdr is None


def test_staff_attach_the_corrected_cdr_that_nobody_recognised(world, unpaid):
    delivery(world, BACK)
    stray = world.send_cdr(cdr_id="C-2", session_id="S-9", evse_uid="", evse_id="")

    services.attach_cdr(remote_session_id=unpaid.pk, cdr=stray, reason="by phone", now=world.now)

    assert fresh(unpaid).cdr == stray


def test_money_that_waits_for_a_corrected_cdr_is_released_some_days_after_the_credit(world, unpaid):
    world.wait(days=10)
    with time_machine.travel(world.now, tick=False):
        delivery(world, BACK)
    world.job()
    assert fresh(unpaid).payment.state == PaymentState.PREAUTH_ACCEPTED

    world.wait(days=7)
    world.job()

    assert fresh(unpaid).payment.state == PaymentState.RELEASED
    assert any("No corrected CDR came in time" in line for line in story(unpaid))


def test_a_refused_credit_leaves_the_money_to_the_cdr(world, unpaid):
    with time_machine.travel(world.now, tick=False):
        (back,) = delivery(world, BACK)
    cdr_services.reject_cdr(cdr=back, reason="not agreed", now=world.now)
    world.wait(days=10)
    world.job()

    assert fresh(unpaid).payment.state == PaymentState.PREAUTH_ACCEPTED


def test_a_second_charge_with_the_same_token_at_the_same_station_is_none(world, charge):
    world.wait(minutes=20)

    other = world.send_cdr(cdr_id="C-2", session_id="S-2")

    assert reasons(other) == []


def test_the_cdr_of_another_charge_at_the_same_time_is_none(world, charge):
    world.token = TokenFactory(account=AccountFactory(provider=world.provider))

    assert reasons(world.send_cdr(cdr_id="C-2", session_id="S-2")) == []


def test_a_credit_before_the_capture_has_it_wait_for_the_corrected_cdr(world, unpaid):
    assert reasons(credit(world, unpaid)) == []
    world.job()
    remote_session = fresh(unpaid)
    assert remote_session.credit_cdr.cdr_id == "C-1-CREDIT"
    assert "C-1-CREDIT" in remote_session.settlement_note

    corrected = world.send_cdr(unpaid, cdr_id="C-2", total_cost=Price(Decimal(20)))
    world.job()

    remote_session = fresh(unpaid)
    assert reasons(corrected) == []
    assert (remote_session.state, remote_session.cdr) == (State.COMPLETED, corrected)
    assert remote_session.payment.captured_amount == Decimal("24.20")
    assert any("instead of C-1, which was taken back" in line for line in story(unpaid))


def test_a_cdr_that_was_taken_back_is_captured_when_staff_reject_the_credit(world):
    remote_session = world.active(blocked="50")
    world.evse.location.country = ""
    world.evse.location.save()
    world.send_cdr(remote_session, location_country="")
    back = credit(world, remote_session, location_country="")
    cdr_services.reject_cdr(cdr=back, reason="operator sent it by mistake", now=world.now)
    cdr = fresh(remote_session).cdr
    CDR.objects.bulk_update([_set(cdr, location_country="NL")], ["location_country"])

    world.job()

    assert fresh(remote_session).payment.captured_amount == Decimal("12.10")


def _set(cdr: CDR, **values) -> CDR:
    for name, value in values.items():
        setattr(cdr, name, value)
    return cdr


@pytest.fixture
def waiting(world) -> RemoteSession:
    """Of 10.00 with 21 % VAT, not captured yet."""
    return held_back(world)


def part(world, remote_session, amount: str, **fields):
    """A credit of a part, at a station whose country is known by now."""
    wanted = {"total_cost": Price(Decimal(amount)), "location_country": "NL", **fields}
    return credit(world, remote_session, **wanted)


def test_a_credit_of_a_part_before_the_capture_leaves_the_rest_to_be_paid(world, waiting):
    assert reasons(part(world, waiting, "-3")) == []
    mend(waiting)

    world.job()

    paid = fresh(waiting)
    assert paid.payment.captured_amount == Decimal("8.47")
    assert any("took a part of the CDR back" in line for line in story(waiting))
    assert paid.cdr.cdr_id == "C-1"


def test_what_is_captured_after_a_credit_of_a_part_is_what_the_invoice_says(world, waiting):
    back = part(world, waiting, "-3.33")
    mend(waiting)
    world.job()
    for cdr in (waiting.cdr, back):
        cdr_services.accept_cdr(cdr=cdr, reason="seen", now=world.now)
    world.wait(days=40)

    run_invoices(provider=world.provider, period=Period.of_month("2026-05"), now=world.now)

    total = Invoice.objects.get().gross_total
    assert fresh(waiting).payment.captured_amount == total == Decimal("8.07")


def test_every_credit_of_a_part_counts(world, waiting):
    part(world, waiting, "-3")
    part(world, waiting, "-2", cdr_id="C-1-CREDIT-2")
    mend(waiting)

    world.job()

    assert fresh(waiting).payment.captured_amount == Decimal("6.05")


def test_credits_that_take_back_more_than_all_wait_for_a_person(world, waiting):
    part(world, waiting, "-6")
    part(world, waiting, "-6", cdr_id="C-1-CREDIT-2")
    mend(waiting)

    world.job()

    assert "take back more than the charge costs" in fresh(waiting).settlement_note
    assert fresh(waiting).payment.state == PaymentState.PREAUTH_ACCEPTED


def test_after_a_credit_of_a_part_another_cdr_is_a_second_one(world, waiting):
    part(world, waiting, "-3")

    second = world.send_cdr(waiting, cdr_id="C-2", location_country="NL")

    assert reasons(second) == ["SECOND_CDR_OF_CHARGE"]
    assert fresh(waiting).cdr.cdr_id == "C-1"


def test_a_credit_of_a_part_under_a_price_of_our_own_is_put_before_a_person(world, waiting):
    world.provider.retail_price_per_kwh = Decimal("0.50")
    world.provider.save()

    back = part(world, waiting, "-3")
    mend(waiting)
    world.job()

    assert reasons(back) == ["CREDIT_IN_PART"]
    assert "ask the operator" in CDR.objects.get(pk=back.pk).hold_reasons[0]["message"]
    assert "C-1-CREDIT" in fresh(waiting).settlement_note
    cdr_services.reject_cdr(cdr=back, reason="no part credits", now=world.now)
    world.hear_events()
    assert fresh(waiting).payment.captured_amount == Decimal("6.05")


def test_a_credit_after_the_capture_is_put_before_a_person(world, charge):
    back = credit(world, charge)

    assert reasons(back) == ["CREDIT_OF_PAID_CHARGE"]
    assert "EUR 12.10" in CDR.objects.get(pk=back.pk).hold_reasons[0]["message"]
    assert "EUR 12.10 was paid for it; a person decides." in story(charge)[-1]
    assert fresh(charge).payment.state == PaymentState.CAPTURED


def test_the_corrected_cdr_of_a_paid_charge_is_put_before_a_person(world, charge):
    credit(world, charge)

    corrected = world.send_cdr(charge, cdr_id="C-2", total_cost=Price(Decimal(8)))
    world.job()

    assert reasons(corrected) == ["CORRECTED_CDR_OF_PAID_CHARGE"]
    assert fresh(charge).cdr.cdr_id == "C-1"
    assert SandboxPayment.objects.get().captures == 1


def test_a_credit_of_another_operators_cdr_of_the_same_number_concerns_nobody(world, charge):
    back = credit(world, charge, country_code="BE", authorization_reference="", session_id="")

    assert "CREDIT_OF_PAID_CHARGE" not in reasons(back)
    assert fresh(charge).credit_cdr is None


def test_a_fault_in_the_comparison_does_not_cost_the_cdr(world, monkeypatch):
    from apps.remote_sessions.services import further_cdrs

    def fail(cdrs):
        raise RuntimeError("no comparing today")

    monkeypatch.setattr(further_cdrs, "object_to", fail)
    remote_session = world.active()

    cdr = world.send_cdr(remote_session)

    assert fresh(remote_session).cdr == cdr


def test_the_same_cdr_again_is_no_second_one(world, charge):
    message = {"started_at": world.now, "ended_at": world.now}
    world.wait(days=1)

    world.send_cdr(charge, **message)

    assert CDR.objects.count() == 1
    assert not any("Another CDR" in line for line in story(charge))
