"""What real systems get wrong, each under the name of the pitfall (docs/remote-sessions.md)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.accounts.models import Account
from apps.cdrs import services as cdr_services
from apps.cdrs.messages import Price
from apps.payments.models import SandboxPayment
from apps.payments.states import State as PaymentState
from apps.remote_sessions import services
from apps.remote_sessions.job import reading, writing
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import (
    AnswerLost,
    CommandResponse,
    CommandResult,
    NotDelivered,
)
from apps.remote_sessions.services import session_price
from apps.remote_sessions.services.results import CallbackRefused, CommandUnknown
from apps.remote_sessions.services.start import IdempotencyKeyReused, StartAlreadyOpen
from apps.remote_sessions.services.stop import StopPointless
from apps.remote_sessions.states import Reason, State
from tests.accounts.factories import AccountFactory, TokenFactory
from tests.locations.factories import EvseFactory
from tests.remote_sessions.factories import NOW, fresh, make_world, silent_operator, story
from tests.tariffs.factories import make_version


def kinds(remote_session) -> list[str]:
    return list(remote_session.timeline.order_by("id").values_list("kind", flat=True))


# 1. An accepted command is not a session


def test_01_an_accepted_command_is_not_a_session(world):
    remote_session = world.start()
    command = remote_session.commands.get()
    assert (command.state, remote_session.state) == (Command.State.ACCEPTED, State.STARTING)
    assert command.deadline == NOW + timedelta(seconds=30)

    world.wait(seconds=29)
    world.result(world.operator_says.starts[0], "ACCEPTED")

    assert fresh(remote_session).state == State.STARTING
    assert not remote_session.commands.get().result_is_late


def test_01_a_result_that_never_comes_is_noted_once_and_the_session_may_still_come(world):
    remote_session = world.start()
    world.wait(seconds=31)

    assert world.job()["RESULTS_OVERDUE"] == 1
    assert "RESULTS_OVERDUE" not in world.job()

    assert fresh(remote_session).state == State.STARTING
    world.send_session(remote_session)
    assert fresh(remote_session).state == State.ACTIVE


def test_01_an_operator_without_a_timeout_gets_ours(world, settings):
    settings.COMMAND_ANSWER_SECONDS, settings.COMMAND_RESULT_SECONDS = 10, 45
    world.operator_says.answers = [CommandResponse("ACCEPTED")]

    command = world.start().commands.get()

    assert command.deadline == NOW + timedelta(seconds=55)


@pytest.mark.parametrize("result", ["REJECTED", "FAILED", "EVSE_OCCUPIED", "EVSE_INOPERATIVE"])
def test_01_a_result_that_says_no_cancels_the_start_and_frees_the_money(world, result):
    remote_session = world.start(blocked="50")

    world.result(world.operator_says.starts[0], result, message="Cable not plugged in.")
    world.work()

    remote_session = fresh(remote_session)
    assert (remote_session.state, remote_session.reason) == (State.CANCELLED, Reason.START_REFUSED)
    assert "Cable not plugged in." in remote_session.message
    assert remote_session.payment.state == PaymentState.RELEASED


def test_01_a_timeout_at_the_station_is_no_refusal(world):
    remote_session = world.start()

    world.result(world.operator_says.starts[0], "TIMEOUT")

    assert fresh(remote_session).state == State.STARTING


# 2. The session starts although we gave up


def test_02_a_session_attaches_after_the_start_was_given_up(world):
    remote_session = world.start()
    world.wait(minutes=10)
    world.job()
    assert fresh(remote_session).state == State.CANCELLED

    world.send_session(remote_session)
    world.work()

    assert fresh(remote_session).state == State.ACTIVE
    assert world.operator_says.stops == []


def test_02_a_session_that_begins_after_the_driver_cancelled_is_stopped(world):
    remote_session = world.stop(world.start())
    assert fresh(remote_session).reason == Reason.CANCELLED_BY_DRIVER

    world.send_session(remote_session)
    world.work()

    remote_session = fresh(remote_session)
    assert (remote_session.state, remote_session.stop_requested_by) == (
        State.STOPPING, "LATE_START",
    )  # fmt: skip
    assert [order.session_id for order in world.operator_says.stops] == ["S-1"]


def test_02_a_late_session_is_stopped_once_however_often_it_is_sent(world):
    remote_session = world.stop(world.start())
    for kwh in (1, 2, 3):
        world.wait(seconds=10)
        world.send_session(remote_session, kwh=Decimal(kwh))
        world.work()

    assert len(world.operator_says.stops) == 1


@pytest.mark.parametrize("end", ["CANCELLED", "ERROR"])
def test_02_a_cdr_attaches_after_every_end_and_is_captured(world, end):
    remote_session = world.start(blocked="50")
    if end == "ERROR":
        world.send_session(remote_session)
        world.stop(remote_session)
    world.wait(minutes=10)
    world.job()
    assert fresh(remote_session).state == end

    cdr = world.send_cdr(remote_session)
    world.work()

    remote_session = fresh(remote_session)
    assert (remote_session.state, remote_session.cdr) == (State.COMPLETED, cdr)
    assert remote_session.payment.captured_amount == Decimal("12.10")


def test_02_a_first_session_brings_an_error_back_to_active(world):
    remote_session = world.start()
    services.set_error(
        remote_session_id=remote_session.pk, reason=Reason.NONE, message="Station is on fire.",
        now=world.now,
    )  # fmt: skip

    world.send_session(remote_session)

    assert fresh(remote_session).state == State.ACTIVE


def test_02_a_cdr_after_the_release_is_owed_in_full(world):
    remote_session = world.start(blocked="50")
    world.wait(minutes=10)
    world.job()
    world.wait(minutes=60)
    world.job()
    assert fresh(remote_session).payment.state == PaymentState.RELEASED

    world.send_cdr(remote_session)
    world.work()

    payment = fresh(remote_session).payment
    assert (payment.captured_amount, payment.owed_amount) == (0, Decimal("12.10"))


# 3. Two cars on one account must not be mixed up


def test_03_two_cars_of_one_account_are_told_apart_by_reference(world):
    first = world.start()
    world.token = TokenFactory(account=world.token.account)
    world.evse = EvseFactory(location=world.evse.location)
    second = world.start()

    world.send_session(second, session_id="S-2")
    world.send_session(first, session_id="S-1", token_uid="", contract_id="")

    assert fresh(first).session.session_id == "S-1"
    assert fresh(second).session.session_id == "S-2"


def test_03_two_starts_with_one_token_are_told_apart_by_their_evse(world):
    first = world.start()
    other = EvseFactory(location=world.evse.location)
    world.evse, first_evse = other, world.evse
    second = world.start()

    world.send_session(session_id="S-2")
    world.evse = first_evse
    world.send_session(session_id="S-1")

    assert fresh(first).session.session_id == "S-1"
    assert fresh(second).session.session_id == "S-2"
    assert fresh(second).session_matched_by == RemoteSession.MatchedBy.TOKEN_EVSE_TIME
    assert fresh(second).session_confidence == RemoteSession.Confidence.LIKELY


def test_03_when_two_would_fit_none_is_guessed(world):
    first = world.start()
    world.wait(minutes=10)
    world.job()
    second = world.start()

    session = world.send_session()

    assert fresh(first).session is None
    assert fresh(second).session is None
    assert not RemoteSession.objects.filter(session=session).exists()


@pytest.mark.parametrize("refusal", [CommandResponse("REJECTED", 30), NotDelivered("HTTP 429")])
def test_03_a_start_that_was_refused_is_no_rival_of_the_next_try(world, refusal):
    world.operator_says.answers = [refusal]
    first = world.start()
    world.work()
    assert fresh(first).state == State.CANCELLED
    world.wait(minutes=1)
    second = world.start()

    world.send_session()

    assert fresh(first).session is None
    assert fresh(second).state == State.ACTIVE


def test_03_a_session_outside_the_time_window_is_not_ours(world):
    remote_session = world.start()
    world.wait(minutes=61)

    world.send_session()

    assert fresh(remote_session).session is None


def test_03_how_it_was_matched_and_how_sure_that_is_are_kept(world):
    remote_session = world.start()
    world.send_session(remote_session)
    world.send_cdr(session_id="S-1", started_at=world.now - timedelta(days=2))

    remote_session = fresh(remote_session)
    assert remote_session.session_matched_by == "AUTHORIZATION_REFERENCE"
    assert remote_session.session_confidence == "CERTAIN"
    assert (remote_session.cdr_matched_by, remote_session.cdr_confidence) == (
        "SESSION_ID", "STRONG",
    )  # fmt: skip


def test_03_a_cdr_numbered_like_its_session_is_recognised(world):
    remote_session = world.active()

    world.send_cdr(cdr_id="s-1", session_id="", evse_uid="", evse_id="")

    assert fresh(remote_session).cdr_matched_by == "CDR_ID"


@pytest.mark.parametrize("other", ["session", "token"])
def test_03_a_cdr_that_only_has_the_number_of_a_session_is_another_charge(world, other):
    remote_session = world.active(blocked="50")
    if other == "token":
        world.token = TokenFactory(account=AccountFactory(provider=world.provider))

    world.send_cdr(
        cdr_id="S-1", session_id="S-777" if other == "session" else "", evse_uid="", evse_id=""
    )
    world.job()

    assert fresh(remote_session).state == State.ACTIVE
    assert fresh(remote_session).cdr is None


def test_03_references_are_compared_without_case(world):
    remote_session = world.start()

    world.send_session(
        authorization_reference=remote_session.authorization_reference.lower(), evse_uid="",
        evse_id="", token_uid="", contract_id="",
    )  # fmt: skip

    assert fresh(remote_session).state == State.ACTIVE


# 4. Hubs replace session ids and authorization references


def test_04_what_a_hub_gives_back_is_matched_and_both_are_kept(world):
    world.operator_says.answers = [
        CommandResponse("ACCEPTED", 30, authorization_reference="HUB-REF-7", session_id="HUB-S-7")
    ]
    remote_session = world.start()
    ours = remote_session.authorization_reference

    world.send_session(
        session_id="OTHER", authorization_reference="hub-ref-7", evse_uid="", evse_id=""
    )

    remote_session = fresh(remote_session)
    assert remote_session.session.session_id == "OTHER"
    assert remote_session.operator_session_id == "HUB-S-7"
    assert remote_session.operator_authorization_reference.upper() == "HUB-REF-7"
    assert remote_session.authorization_reference == ours


def test_04_a_session_known_by_the_id_given_back_needs_no_reference(world):
    world.operator_says.answers = [CommandResponse("ACCEPTED", 30, session_id="HUB-S-7")]
    remote_session = world.start()

    world.send_session(session_id="hub-s-7", evse_uid="", evse_id="")

    assert fresh(remote_session).session_matched_by == "SESSION_ID"


def test_04_the_same_id_at_another_operator_is_another_session(world):
    world.operator_says.answers = [CommandResponse("ACCEPTED", 30, session_id="HUB-S-7")]
    remote_session = world.start()

    world.evse = EvseFactory()
    world.send_session(session_id="HUB-S-7")

    assert fresh(remote_session).session is None


def test_04_the_cdr_with_the_hubs_own_reference_is_matched_by_the_sessions_reference(world):
    remote_session = world.start()
    world.send_session(authorization_reference="HUB-REF", session_id="S-HUB")

    world.send_cdr(authorization_reference="HUB-REF", session_id="ANOTHER", evse_uid="", evse_id="")

    assert fresh(remote_session).cdr_matched_by == "AUTHORIZATION_REFERENCE"


# 5. Duplicate and repeated CDRs change nothing


def test_05_a_cdr_sent_again_changes_nothing_and_captures_once(world):
    remote_session = world.active(blocked="50")
    message = {"started_at": world.now, "ended_at": world.now}
    world.send_cdr(remote_session, **message)
    world.work()
    lines = len(story(remote_session))

    for _ in range(7):
        world.wait(days=1)
        world.send_cdr(remote_session, **message)
        world.job()

    assert len(story(remote_session)) == lines
    assert SandboxPayment.objects.get().captures == 1


def test_05_another_cdr_for_the_same_charge_stays_beside(world):
    remote_session = world.active()
    first = world.send_cdr(remote_session)

    second = world.send_cdr(remote_session, cdr_id="C-2")

    assert fresh(remote_session).cdr == first
    assert not RemoteSession.objects.filter(cdr=second).exists()


def test_05_a_credit_cdr_is_no_charge(world):
    remote_session = world.active()

    world.send_cdr(
        remote_session, is_credit=True, credit_reference_id="C-0", total_cost=Price(Decimal(-5))
    )

    assert fresh(remote_session).state == State.ACTIVE


def test_05_a_sessions_last_message_sent_again_is_told_once(world):
    remote_session = world.active()
    last = {"status": "COMPLETED", "started_at": world.now, "ended_at": world.now}
    world.send_session(remote_session, **last, kwh=Decimal(5))
    for _ in range(3):
        world.wait(minutes=1)
        world.send_session(remote_session, **last, kwh=Decimal(5))

    world.wait(minutes=1)
    world.send_session(remote_session, **last, kwh=Decimal(6))

    told = [line for line in story(remote_session) if "is completed" in line]
    assert told == ["Session S-1 is completed: 5 kWh.", "Session S-1 is completed: 6 kWh."]


# 6. A stop that was accepted has not stopped


def test_06_a_stop_that_was_accepted_has_not_stopped(world):
    remote_session = world.stop(world.active())
    world.result(world.operator_says.stops[0], "ACCEPTED")

    world.job()

    assert fresh(remote_session).state == State.STOPPING


def test_06_a_stop_is_asked_again_until_the_session_ends(world):
    remote_session = world.stop(world.active())
    world.wait(minutes=5)
    world.job()
    assert len(world.operator_says.stops) == 2

    world.send_session(remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(9))
    world.wait(minutes=5)
    world.job()

    assert len(world.operator_says.stops) == 2


@pytest.mark.parametrize("when", ["answer", "result"])
def test_06_unknown_session_ends_the_asking(world, when):
    remote_session = world.active()
    if when == "answer":
        world.operator_says.answers = [CommandResponse("UNKNOWN_SESSION", 30)]
    remote_session = world.stop(remote_session)
    if when == "result":
        world.result(world.operator_says.stops[0], "UNKNOWN_SESSION")
    world.wait(minutes=6)
    world.job()

    assert len(world.operator_says.stops) == 1
    assert fresh(remote_session).state == State.STOPPING
    with pytest.raises(StopPointless):
        world.stop(remote_session)


def test_06_a_second_tap_on_stop_sends_one_command(world):
    remote_session = world.stop(world.active())

    world.stop(remote_session)

    assert len(world.operator_says.stops) == 1


def test_06_after_a_refused_stop_the_driver_can_ask_again_at_once(world):
    remote_session = world.active()
    world.operator_says.answers = [CommandResponse("REJECTED", 30)]
    world.stop(remote_session)

    world.stop(remote_session)

    assert len(world.operator_says.stops) == 2


# 7. Messages arrive out of order


def test_07_an_older_message_is_ignored(world):
    remote_session = world.active()
    world.wait(minutes=30)
    world.send_session(remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(20))

    world.send_session(
        remote_session, status="ACTIVE", last_updated=world.now - timedelta(minutes=10)
    )

    assert fresh(remote_session).session.status == "COMPLETED"


def test_07_the_cdr_before_the_session_and_the_session_before_the_answer(world):
    class Overtaken:
        """The operator's session and CDR are faster than its answer."""

        def serves(self, operator):
            return True

        def send_start(self, order):
            remote_session = RemoteSession.objects.get()
            world.send_cdr(remote_session)
            world.send_session(remote_session, status="COMPLETED", ended_at=world.now)
            return CommandResponse("ACCEPTED", 30)

    from apps.remote_sessions import operators

    gateway = Overtaken()
    operators.register_gateway(gateway)
    try:
        remote_session = world.start()
    finally:
        operators.unregister_gateway(gateway)

    assert fresh(remote_session).state == State.COMPLETED
    assert fresh(remote_session).session is not None


def test_07_a_result_before_the_answer_counts(world):
    world.operator_says.answers = [AnswerLost("no answer")]
    remote_session = world.start()
    assert fresh(remote_session).state == State.PENDING

    world.result(world.operator_says.starts[0], "ACCEPTED")

    assert fresh(remote_session).state == State.STARTING


# 8. One bad row, or one slow operator, must not stop the job


def test_08_one_bad_session_is_set_aside_and_the_rest_go_on(world, monkeypatch):
    bad = world.start()
    world.token = TokenFactory(account=world.token.account)
    good = world.start()
    world.wait(minutes=10)
    real_carry_out = writing._carry_out

    def carry_out(changes, row, decision):
        if row.pk == bad.pk:
            raise RuntimeError("a row that nobody can handle")
        real_carry_out(changes, row, decision)

    monkeypatch.setattr(writing, "_carry_out", carry_out)
    counts = world.job()

    assert fresh(bad).state == State.STARTING
    assert fresh(good).state == State.CANCELLED
    assert (counts["SET_ASIDE"], counts["CANCELLED"]) == (1, 1)


def test_08_one_that_can_not_be_read_is_set_aside_and_the_rest_go_on(world, monkeypatch):
    rows = [world.start()]
    for _ in range(4):
        world.token = TokenFactory(account=world.token.account)
        rows.append(world.start())
    bad = rows.pop(2)
    world.wait(minutes=10)
    real_row = reading._row

    def row(value, own, running):
        if value["id"] == bad.pk:
            raise TypeError("a row that nobody can read")
        return real_row(value, own, running)

    monkeypatch.setattr(reading, "_row", row)
    counts = world.job()

    assert fresh(bad).state == State.STARTING
    assert {fresh(good).state for good in rows} == {State.CANCELLED}
    assert (counts["SET_ASIDE"], counts["CANCELLED"], counts["LOOKED_AT"]) == (1, 4, 5)


def test_08_a_charge_that_can_not_be_priced_is_reported_and_all_else_goes_on(world, monkeypatch):
    make_version(provider=world.provider)
    bad = world.active(blocked="50")
    world.token = TokenFactory(account=world.token.account)
    good = world.start(blocked="50")
    world.send_session(good, session_id="S-2", kwh=Decimal(158))
    real_price = session_price.price_retail

    def price(cdr, book):
        if cdr.session_id == "S-1":
            raise ZeroDivisionError("an odd tariff")
        return real_price(cdr, book)

    monkeypatch.setattr(session_price, "price_retail", price)
    counts = world.job()
    assert (fresh(bad).state, fresh(good).state) == (State.ACTIVE, State.STOPPING)
    assert counts["UNPRICED"] == 1

    world.wait(days=3)
    world.job()

    assert (fresh(bad).state, fresh(bad).reason) == (State.ERROR, Reason.TOO_LONG_OPEN)


def test_08_a_row_that_another_process_works_on_is_left_to_the_next_run(world, monkeypatch):
    remote_session = world.start()
    world.wait(minutes=10)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_lock_rows", lambda ids: [])  # As skip-locked answers.
        assert world.job()["BUSY"] == 1
    assert fresh(remote_session).state == State.STARTING

    assert world.job()["CANCELLED"] == 1


def test_08_a_passing_fault_is_counted_and_made_good_by_the_next_run(world, monkeypatch):
    remote_session = world.start()
    world.wait(minutes=10)

    def fail(*args, **kwargs):
        raise RuntimeError("the database is away for a moment")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_lock_rows", fail)
        assert world.job()["SET_ASIDE"] == 1
    assert fresh(remote_session).state == State.STARTING

    assert world.job()["CANCELLED"] == 1


def test_08_a_slow_operator_is_not_waited_for_by_the_job(world):
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, total_cost=Price(None, Decimal(49)), kwh=Decimal(2))
    from apps.remote_sessions.job.runner import run

    run(now=world.now)

    assert world.operator_says.stops == []
    assert remote_session.commands.get(kind="STOP").state == Command.State.CREATED


def test_08_a_failure_while_attaching_does_not_cost_the_arrival(world, monkeypatch):
    from apps.remote_sessions.services import arrivals

    remote_session = world.start()

    def fail(*args, **kwargs):
        raise RuntimeError("no matching today")

    monkeypatch.setattr(arrivals, "match_all", fail)
    monkeypatch.setattr(arrivals, "attach_cdrs", fail)
    session, cdr = world.send_session(remote_session), world.send_cdr(remote_session)

    assert session.pk
    assert cdr.pk
    monkeypatch.undo()
    world.job()
    assert fresh(remote_session).state == State.COMPLETED


# 9. The limit, and what is captured


def test_09_the_limit_is_compared_with_our_own_price_when_the_operator_sends_none(world):
    world.provider.retail_price_per_kwh = Decimal("0.50")
    world.provider.save()
    remote_session = world.active(blocked="50")
    # 80 kWh at 0.50 with 21 % VAT are 48.40.
    world.send_session(remote_session, kwh=Decimal(80))

    world.job()

    assert fresh(remote_session).state == State.STOPPING


def test_09_captured_is_the_drivers_price_with_its_vat_not_the_operators_cost(world):
    world.provider.retail_price_per_kwh = Decimal("0.50")
    world.provider.save()
    remote_session = world.active(blocked="50")

    world.send_cdr(remote_session, kwh=Decimal(10), total_cost=Price(Decimal("3.00")))
    world.work()

    assert fresh(remote_session).payment.captured_amount == Decimal("6.05")


def test_09_captured_is_what_the_invoice_says(world):
    from apps.billing.models import Invoice
    from apps.billing.periods import Period
    from apps.billing.services import run_invoices

    remote_session = world.active(blocked="50")
    cdr = world.send_cdr(remote_session, kwh=Decimal("7.777"), total_cost=Price(Decimal("3.33")))
    world.work()
    cdr_services.accept_cdr(cdr=cdr, reason="checked", now=world.now)

    run_invoices(
        provider=world.provider, period=Period.of_month("2026-05"), now=world.now + timedelta(40)
    )

    assert fresh(remote_session).payment.captured_amount == Invoice.objects.get().gross_total


def test_09_the_capture_waits_while_the_vat_is_held(world):
    account = world.token.account
    account.kind, account.country, account.vat_ids = Account.Kind.BUSINESS, "DE", ["DE123456788"]
    account.save()
    world.evse.location.country = "DE"
    world.evse.location.save()
    remote_session = world.active(blocked="50")

    world.send_cdr(remote_session, location_country="DE")
    world.job()
    remote_session = fresh(remote_session)
    assert remote_session.state == State.COMPLETED
    assert remote_session.payment.state == PaymentState.PREAUTH_ACCEPTED
    assert remote_session.settlement_note

    account.kind, account.vat_ids, account.country = Account.Kind.PRIVATE, [], "NL"
    account.save()
    from tests.accounts.factories import VatRegistrationFactory

    VatRegistrationFactory(provider=world.provider, country="DE")
    world.job()

    assert fresh(remote_session).payment.captured_amount == Decimal("11.90")


def test_09_a_shortfall_is_recorded_as_owed(world):
    remote_session = world.active(blocked="50")

    world.send_cdr(remote_session, total_cost=Price(Decimal(100)))
    world.work()

    payment = fresh(remote_session).payment
    assert (payment.captured_amount, payment.owed_amount) == (50, 71)


def test_09_without_cdrs_the_session_is_captured_when_it_has_ended(world):
    world.evse = silent_operator()
    remote_session = world.stop(world.active(blocked="50"))
    world.job()
    assert fresh(remote_session).payment.state == PaymentState.PREAUTH_ACCEPTED

    world.wait(minutes=1)
    world.send_session(
        remote_session, status="COMPLETED", ended_at=world.now, total_cost=Price(Decimal(20))
    )
    world.job()

    assert fresh(remote_session).payment.captured_amount == Decimal("24.20")


def test_09_a_rejected_cdr_releases_the_money(world):
    remote_session = world.active(blocked="50")
    world.provider.retail_price_per_kwh = None
    cdr = world.send_cdr(remote_session, total_cost=Price(None, None))
    world.job()
    assert fresh(remote_session).settlement_note

    cdr_services.reject_cdr(cdr=cdr, reason="no price", now=world.now)
    world.job()

    assert fresh(remote_session).payment.state == PaymentState.RELEASED


def test_09_a_declined_card_starts_nothing(world):
    from apps.remote_sessions.services import Preauthorization

    declined = Preauthorization(Decimal(50), "EUR", "sandbox_declined")

    remote_session = world.start(preauthorization=declined)

    assert (remote_session.state, remote_session.reason) == (
        State.CANCELLED, Reason.PREAUTH_FAILED,
    )  # fmt: skip
    assert world.operator_says.starts == []
    assert "declined" in remote_session.message


# 10. A double tap starts one session


def test_10_a_double_tap_with_one_key_starts_one_session(world):
    first = world.start(idempotency_key="tap-1")

    assert world.start(idempotency_key="tap-1") == first
    assert len(world.operator_says.starts) == 1


def test_10_a_double_tap_without_key_is_refused_and_names_the_first(world):
    first = world.start()

    with pytest.raises(StartAlreadyOpen) as refused:
        world.start()

    assert refused.value.details == {"remote_session": str(first.pk)}


def test_10_a_key_used_for_another_start_is_refused(world):
    world.start(idempotency_key="tap-1")
    world.evse = EvseFactory()

    with pytest.raises(IdempotencyKeyReused):
        world.start(idempotency_key="tap-1")


def test_10_two_taps_in_the_same_moment_start_one_session(world, monkeypatch):
    from apps.remote_sessions.services import start

    first = world.start(idempotency_key="tap-1")
    looked = iter([None, first])
    monkeypatch.setattr(start, "_same_request", lambda *args: next(looked))
    monkeypatch.setattr(start, "_open_start", lambda *args: None)

    assert world.start(idempotency_key="tap-1") == first
    assert RemoteSession.objects.count() == 1


def test_10_after_the_charge_the_same_evse_can_be_used_again(world):
    world.active()

    assert world.start().state == State.STARTING


# 11. A START whose answer was lost is not sent again


@pytest.mark.parametrize("fault", [AnswerLost("timed out"), RuntimeError("a bug in a gateway")])
def test_11_a_start_whose_answer_was_lost_is_unknown_and_not_sent_again(world, fault):
    world.operator_says.answers = [fault]
    remote_session = world.start()
    assert remote_session.commands.get().state == Command.State.UNKNOWN
    assert remote_session.state == State.PENDING

    world.wait(minutes=5)
    world.job()
    services.send_command(command_id=remote_session.commands.get().pk, now=world.now)

    assert len(world.operator_says.starts) == 1
    world.send_session(remote_session)
    assert fresh(remote_session).state == State.ACTIVE


def test_11_a_worker_killed_while_sending_leaves_it_unknown(world):
    class Killed(BaseException):
        pass

    world.operator_says.answers = [Killed()]
    with pytest.raises(Killed):
        world.start()
    remote_session = RemoteSession.objects.get()

    services.send_command(command_id=remote_session.commands.get().pk, now=world.now)

    assert len(world.operator_says.starts) == 1
    world.result(world.operator_says.starts[0], "ACCEPTED")
    assert fresh(remote_session).state == State.STARTING


def test_11_a_start_that_certainly_did_not_arrive_is_cancelled_at_once(world):
    world.operator_says.answers = [NotDelivered("connection refused")]

    remote_session = world.start(blocked="50")
    world.work()

    assert fresh(remote_session).reason == Reason.OPERATOR_UNREACHABLE
    assert fresh(remote_session).payment.state == PaymentState.RELEASED


# 12. The callback address


def test_12_a_wrong_secret_is_refused_and_nothing_is_written(world):
    remote_session = world.start()
    lines = story(remote_session)

    with pytest.raises(CallbackRefused):
        services.record_command_result(
            command_id=remote_session.commands.get().pk, secret="guessed",
            result=CommandResult("REJECTED"), now=world.now,
        )  # fmt: skip

    assert story(remote_session) == lines
    assert fresh(remote_session).state == State.STARTING


def test_12_a_result_for_an_unknown_command_is_refused(world):
    with pytest.raises(CommandUnknown):
        services.record_command_result(
            command_id=world.token.pk, secret="any", result=CommandResult("ACCEPTED"),
            now=world.now,
        )  # fmt: skip


def test_12_the_address_of_one_command_does_not_serve_another(world):
    remote_session = world.stop(world.active())
    start, stop = world.operator_says.starts[0], world.operator_says.stops[0]

    with pytest.raises(CallbackRefused):
        services.record_command_result(
            command_id=stop.command_id, secret=start.callback_secret,
            result=CommandResult("ACCEPTED"), now=world.now,
        )  # fmt: skip
    assert fresh(remote_session).state == State.STOPPING
    assert len(start.callback_secret) >= 40


def test_12_it_takes_one_result_and_a_second_changes_nothing(world):
    remote_session = world.start()
    order = world.operator_says.starts[0]
    world.result(order, "ACCEPTED")
    lines = story(remote_session)

    world.result(order, "ACCEPTED")
    assert story(remote_session) == lines
    world.result(order, "REJECTED")

    assert remote_session.commands.get().result == "ACCEPTED"
    assert fresh(remote_session).state == State.STARTING
    assert "ignored" in story(remote_session)[-1]


def test_12_a_late_result_is_kept_and_logged(world):
    remote_session = world.start()
    world.wait(minutes=11)
    world.job()

    world.result(world.operator_says.starts[0], "ACCEPTED")

    command = remote_session.commands.get()
    assert (command.result, command.result_is_late) == ("ACCEPTED", True)
    assert fresh(remote_session).state == State.CANCELLED
    assert "after its time" in story(remote_session)[-1]


# 13. No database transaction is open while we talk to an operator


@pytest.mark.django_db(transaction=True)
def test_13_no_transaction_is_open_while_we_talk_to_an_operator():
    from apps.remote_sessions import operators

    world = make_world()
    try:
        remote_session = world.active(blocked="50")
        world.stop(remote_session)
        world.wait(minutes=5)
        world.job()
        assert len(world.operator_says.stops) == 2
        assert not world.operator_says.saw_transaction
    finally:
        operators.unregister_gateway(world.operator_says)


@pytest.mark.django_db(transaction=True)
def test_13_a_start_inside_a_transaction_is_refused():
    from django.db import transaction

    from apps.remote_sessions import operators

    world = make_world()
    try:
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            world.start()
    finally:
        operators.unregister_gateway(world.operator_says)
    assert world.operator_says.starts == []


# 14. An attached session that was deleted or can't be found


def test_14_a_deleted_session_is_no_crash(world):
    remote_session = world.active(blocked="50")
    session = remote_session.session
    session.deleted_at = world.now
    session.save()

    for _ in range(3):
        world.wait(days=1)
        world.job()
    assert fresh(remote_session).state == State.ERROR

    world.send_cdr(remote_session)
    assert fresh(remote_session).state == State.COMPLETED


def test_14_the_stop_of_a_deleted_session_still_knows_its_id(world):
    remote_session = world.active()
    remote_session.session.deleted_at = world.now
    remote_session.session.save()

    world.stop(remote_session)

    assert [order.session_id for order in world.operator_says.stops] == ["S-1"]


def test_the_timeline_reads_like_a_story(world):
    remote_session = world.active(blocked="50")
    world.result(world.operator_says.starts[0], "ACCEPTED")
    world.wait(minutes=20)
    world.stop(remote_session)
    world.send_session(remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(10))
    world.send_cdr(remote_session)
    world.work()

    lines = story(remote_session)
    assert [line.split(" ")[0] for line in lines[:1]] == [world.token.contract_id]
    assert "Pending → Starting" in lines
    assert "Starting → Active" in lines
    assert "Session S-1 is completed: 10 kWh." in lines
    assert lines[-1] == "The driver pays EUR 12.10 incl. EUR 2.10 VAT."
    assert kinds(remote_session)[0] == "ASKED"
