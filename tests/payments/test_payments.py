"""Money is blocked, taken at most once, freed otherwise; the ledger adds up all along."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.core.money import UnknownCurrency
from apps.events.models import Event
from apps.payments import services
from apps.payments.models import LedgerEntry, Payment, SandboxPayment
from apps.payments.models.ledger import LedgerIsAppendOnly
from apps.payments.psp import PspStatus, Snapshot
from apps.payments.services.authorize import AmountNotPositive
from apps.payments.services.capture import PaymentNotDecided
from apps.payments.services.observe import Outcome, record_snapshot
from apps.payments.services.refund import RefundRefused
from apps.payments.states import TRANSITIONS, IllegalPaymentMove, State, check_move
from tests.payments.factories import NOW, ScriptedPsp, adds_up, asked, blocked, settled

pytestmark = pytest.mark.django_db


@pytest.fixture
def psp():
    return ScriptedPsp()


def capture(payment: Payment, due: str) -> Payment:
    services.request_capture(payment_id=payment.pk, due=Decimal(due), now=NOW)
    return settled(payment)


def test_an_accepted_card_has_its_amount_blocked():
    payment = blocked(amount="50")

    assert payment.state == State.PREAUTH_ACCEPTED
    assert payment.authorized_until is not None
    assert adds_up(payment)


def test_a_declined_card_blocks_nothing_and_says_why():
    payment = blocked(payment_method="sandbox_declined")

    assert payment.state == State.PREAUTH_FAILED
    assert payment.failure_message == "The card was declined."
    assert adds_up(payment)


def test_the_same_reference_asks_once():
    first = asked(reference="ride:1")

    assert asked(reference="ride:1") == first


def test_less_than_blocked_is_captured_in_full_and_nothing_is_owed():
    payment = capture(blocked(amount="50"), "12.34")

    assert (payment.state, payment.captured_amount) == (State.CAPTURED, Decimal("12.34"))
    assert payment.owed_amount == 0
    assert adds_up(payment)


def test_more_than_blocked_is_captured_up_to_it_and_the_shortfall_is_owed():
    payment = capture(blocked(amount="50"), "61.10")

    assert payment.captured_amount == 50
    assert payment.owed_amount == Decimal("11.10")
    assert adds_up(payment)


def test_a_charge_that_costs_nothing_releases_the_amount():
    payment = capture(blocked(), "0")

    assert (payment.state, payment.captured_amount) == (State.RELEASED, 0)
    assert adds_up(payment)


def test_the_first_claim_counts_and_a_second_takes_nothing():
    payment = capture(blocked(), "10")

    capture(payment, "20")

    assert payment.captured_amount == 10
    assert SandboxPayment.objects.get().captures == 1


def test_a_claim_after_the_release_is_owed_in_full():
    payment = blocked()
    services.request_release(payment_id=payment.pk, reason="gave up", now=NOW)
    settled(payment)

    capture(payment, "10")

    assert (payment.state, payment.captured_amount) == (State.RELEASED, 0)
    assert payment.owed_amount == 10
    assert adds_up(payment)


def test_a_claim_before_the_psp_has_decided_is_refused():
    with pytest.raises(PaymentNotDecided):
        services.request_capture(payment_id=asked().pk, due=Decimal(1), now=NOW)


def test_a_payment_never_sent_to_the_psp_is_released_without_asking_it(psp):
    payment = asked(psp="scripted")
    services.request_release(payment_id=payment.pk, reason="gave up", now=NOW)

    assert settled(payment).state == State.RELEASED
    assert psp.calls == []


def test_a_release_whose_preauthorization_was_lost_frees_what_may_be_blocked(psp):
    psp.lost_answers = 1
    payment = blocked(psp="scripted")
    assert payment.state == State.PREAUTH_PENDING
    services.request_release(payment_id=payment.pk, reason="gave up", now=NOW)

    assert settled(payment).state == State.RELEASED
    assert psp.calls == ["authorize", "authorize", "release"]
    assert adds_up(payment)


def test_a_capture_whose_answer_was_lost_is_found_done_and_not_done_again(psp):
    payment = blocked(psp="scripted")
    services.request_capture(payment_id=payment.pk, due=Decimal(10), now=NOW)
    psp.lost_answers = 1
    settled(payment)
    assert payment.state == State.CAPTURE_PENDING

    settled(payment, now=NOW + timedelta(minutes=2))

    assert (payment.state, psp.captures) == (State.CAPTURED, 1)
    assert adds_up(payment)


def test_a_worker_that_took_a_payment_and_died_is_followed_by_another(psp):
    payment = blocked(psp="scripted")
    services.request_capture(payment_id=payment.pk, due=Decimal(10), now=NOW)
    Payment.objects.filter(pk=payment.pk).update(next_attempt_at=NOW + timedelta(seconds=90))

    assert services.settle_payment(payment_id=payment.pk, now=NOW) is None
    assert settled(payment, now=NOW + timedelta(seconds=90)).state == State.CAPTURED


def test_a_psp_that_does_not_answer_is_asked_after_longer_and_longer_waits(psp):
    payment = blocked(psp="scripted")
    services.request_capture(payment_id=payment.pk, due=Decimal(10), now=NOW)
    waits = []
    for _ in range(4):
        psp.lost_answers = 2
        payment.refresh_from_db()
        at = payment.next_attempt_at
        settled(payment, now=at)
        payment.refresh_from_db()
        waits.append(payment.next_attempt_at - at)

    assert waits == sorted(set(waits))
    assert payment.ledger.filter(kind=LedgerEntry.Kind.ATTEMPT_FAILED).count() == 4


def test_an_amount_the_psp_freed_before_the_capture_is_owed(psp):
    payment = blocked(psp="scripted")
    services.request_capture(payment_id=payment.pk, due=Decimal(10), now=NOW)
    expired = Snapshot("psp-1", PspStatus.EXPIRED)

    record_snapshot(payment_id=payment.pk, snapshot=expired, now=NOW)

    payment.refresh_from_db()
    assert (payment.state, payment.owed_amount) == (State.EXPIRED, 10)
    assert adds_up(payment)


def test_a_blocked_amount_is_looked_at_when_it_ends(psp):
    payment = blocked(psp="scripted")
    psp.status = PspStatus.EXPIRED
    Payment.objects.filter(pk=payment.pk).update(next_attempt_at=NOW)

    assert services.settle_due_payments(now=NOW) == {"EXPIRED": 1}
    payment.refresh_from_db()
    assert adds_up(payment)


def test_a_captured_message_that_overtakes_the_answer_counts_once(psp):
    payment = blocked(psp="scripted")
    services.request_capture(payment_id=payment.pk, due=Decimal(10), now=NOW)
    done = Snapshot("psp-1", PspStatus.CAPTURED, captured=Decimal(10))
    record_snapshot(payment_id=payment.pk, snapshot=done, now=NOW)

    settled(payment)

    assert (payment.captured_amount, psp.captures) == (10, 0)
    assert adds_up(payment)


def test_money_that_moved_against_a_final_state_is_a_contradiction():
    payment = blocked(payment_method="sandbox_declined")
    surprise = Snapshot("psp-1", PspStatus.AUTHORIZED)

    outcome = record_snapshot(payment_id=payment.pk, snapshot=surprise, now=NOW)

    assert outcome is Outcome.CONTRADICTS
    payment.refresh_from_db()
    assert payment.state == State.PREAUTH_FAILED


def test_a_part_and_then_the_rest_can_be_refunded():
    payment = capture(blocked(), "30")
    services.request_refund(payment_id=payment.pk, amount=Decimal(10), reason="goodwill", now=NOW)
    assert settled(payment).refunded_amount == 10
    assert payment.state == State.CAPTURED

    services.request_refund(payment_id=payment.pk, amount=Decimal(20), reason="goodwill", now=NOW)

    assert settled(payment).state == State.REFUNDED
    assert adds_up(payment)


@pytest.mark.parametrize("amount", ["0", "-1", "30.01"])
def test_more_than_was_taken_or_nothing_is_not_refunded(amount):
    payment = capture(blocked(), "30")

    with pytest.raises(RefundRefused):
        services.request_refund(
            payment_id=payment.pk, amount=Decimal(amount), reason="goodwill", now=NOW
        )


@pytest.mark.parametrize("amount", ["0", "-5", "0.001"])
def test_nothing_to_block_is_refused(amount):
    with pytest.raises(AmountNotPositive):
        asked(amount=amount)


def test_an_unknown_currency_is_refused():
    with pytest.raises(UnknownCurrency):
        asked(currency="XXX")


def test_each_state_change_is_an_event():
    payment = capture(blocked(), "10")

    types = Event.objects.of(payment).order_by("sequence").values_list("type", flat=True)
    assert list(types) == [
        "payment.created",
        "payment.status.preauth_accepted",
        "payment.status.capture_pending",
        "payment.status.captured",
    ]


def test_the_ledger_is_append_only():
    payment = blocked()

    with pytest.raises(LedgerIsAppendOnly):
        payment.ledger.update(text="nothing happened")
    with pytest.raises(LedgerIsAppendOnly):
        payment.ledger.all().delete()
    with pytest.raises(LedgerIsAppendOnly):
        payment.ledger.first().delete()
    entry = payment.ledger.first()
    entry.text = "nothing happened"
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "LOST"},
        {"authorized_amount": 0},
        {"state": "CAPTURED", "captured_amount": 51},
        {"state": "CAPTURED", "captured_amount": 5, "refunded_amount": 6},
        {"captured_amount": 5},
    ],
)
def test_the_database_refuses_impossible_payments(wrong):
    payment = blocked(amount="50")
    for name, value in wrong.items():
        setattr(payment, name, value)

    with pytest.raises(IntegrityError), transaction.atomic():
        payment.save()


def test_each_state_has_its_row_in_the_table_and_its_line_in_the_docstring():
    assert set(TRANSITIONS) == set(State)
    assert all(state.value in (State.__doc__ or "") for state in State)


@pytest.mark.parametrize("final", [s for s in State if not TRANSITIONS[s]])
def test_final_states_are_left_by_no_move(final):
    with pytest.raises(IllegalPaymentMove):
        check_move(source=final, target=State.CAPTURED)
