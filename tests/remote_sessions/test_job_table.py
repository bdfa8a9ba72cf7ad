"""Each row of the job's table, with a moved clock."""

from decimal import Decimal

import pytest

from apps.cdrs.messages import Price
from apps.cdrs.models import CDR, ChargingSession
from apps.core.models import JobRun
from apps.events.models import Event
from apps.payments.states import State as PaymentState
from apps.remote_sessions.services import arrivals
from apps.remote_sessions.states import Reason, State
from tests.remote_sessions.factories import fresh, silent_operator, story


@pytest.fixture
def arrivals_fail(monkeypatch):
    """What comes in is stored, but not attached: the job has to find it."""

    def fail(*args, **kwargs):
        raise RuntimeError("attaching fails")

    monkeypatch.setattr(arrivals, "match_all", fail)
    monkeypatch.setattr(arrivals, "attach_cdrs", fail)
    return monkeypatch


def state_of(remote_session) -> tuple[str, str]:
    now = fresh(remote_session)
    return now.state, now.reason


def events_of(remote_session) -> list[str]:
    """The moves that others were told of, oldest first."""
    types = Event.objects.of(remote_session).order_by("id").values_list("type", flat=True)
    return [each.rpartition(".")[2] for each in types if ".status." in each]


# PENDING, STARTING


@pytest.mark.usefixtures("arrivals_fail")
@pytest.mark.parametrize("answered", [True, False])
def test_pending_and_starting_find_the_session_that_came_and_become_active(world, answered):
    from apps.remote_sessions.operators import AnswerLost

    world.operator_says.answers = [] if answered else [AnswerLost("no answer")]
    remote_session = world.start()
    world.send_session(remote_session)
    assert fresh(remote_session).session is None

    counts = world.job()

    assert fresh(remote_session).state == State.ACTIVE
    assert fresh(remote_session).session.session_id == "S-1"
    assert counts["ACTIVE"] == 1
    assert events_of(remote_session)[-1] == "active"


@pytest.mark.usefixtures("arrivals_fail")
def test_a_cdr_that_came_before_its_session_completes_at_once(world):
    remote_session = world.start()
    world.send_cdr(remote_session)

    world.job()

    assert fresh(remote_session).state == State.COMPLETED


def test_a_start_without_session_is_cancelled_after_ten_minutes_and_not_before(world):
    remote_session = world.start(blocked="50")
    world.wait(minutes=9, seconds=59)
    world.job()
    assert fresh(remote_session).state == State.STARTING

    world.wait(seconds=1)
    world.job()

    assert state_of(remote_session) == (State.CANCELLED, Reason.NO_ACTIVE_SESSION_RECEIVED)
    # The session may still come late: the money stays blocked for a while.
    assert fresh(remote_session).payment.state == PaymentState.PREAUTH_ACCEPTED
    assert events_of(remote_session)[-1] == "cancelled"


def test_the_ten_minutes_count_from_the_last_change_of_state(world):
    from apps.remote_sessions.operators import AnswerLost

    world.operator_says.answers = [AnswerLost("no answer")]
    remote_session = world.start()
    world.wait(minutes=9)
    world.result(world.operator_says.starts[0], "ACCEPTED")
    world.wait(minutes=9)

    world.job()

    assert fresh(remote_session).state == State.STARTING


def test_the_minutes_are_those_of_the_setting(world, settings):
    settings.REMOTE_SESSION_INACTIVE_MINUTES = 3
    remote_session = world.start()
    world.wait(minutes=3)

    world.job()

    assert fresh(remote_session).state == State.CANCELLED


@pytest.mark.parametrize("status", ["PENDING", "RESERVATION"])
def test_a_session_that_has_not_begun_is_attached_without_becoming_active(world, status):
    remote_session = world.start()
    world.send_session(remote_session, status=status)
    assert fresh(remote_session).session is not None
    assert fresh(remote_session).state == State.STARTING

    world.wait(minutes=10)
    world.job()
    assert state_of(remote_session) == (State.CANCELLED, Reason.NO_ACTIVE_SESSION_RECEIVED)

    world.send_session(remote_session, status="ACTIVE")
    assert fresh(remote_session).state == State.ACTIVE


def test_an_invalid_session_ends_it(world):
    remote_session = world.start()

    world.send_session(remote_session, status="INVALID")

    assert state_of(remote_session) == (State.CANCELLED, Reason.SESSION_INVALID)


def test_a_running_session_that_turns_invalid_ends_it(world):
    remote_session = world.active()
    world.wait(minutes=1)

    world.send_session(remote_session, status="INVALID")

    assert state_of(remote_session) == (State.CANCELLED, Reason.SESSION_INVALID)


# ACTIVE


def test_active_with_a_running_session_stays_active(world):
    remote_session = world.active()
    world.wait(hours=20)

    world.job()

    assert fresh(remote_session).state == State.ACTIVE


def test_active_with_a_completed_session_waits_for_its_cdr_and_completes_with_it(
    world, arrivals_fail
):
    remote_session = world.start()
    arrivals_fail.undo()
    world.send_session(remote_session)
    world.wait(hours=1)
    world.send_session(remote_session, status="COMPLETED", ended_at=world.now)
    world.job()
    assert fresh(remote_session).state == State.ACTIVE

    arrivals_fail.setattr(arrivals, "attach_cdrs", lambda cdrs, *, now: None)
    cdr = world.send_cdr(remote_session)
    assert fresh(remote_session).cdr is None
    world.job()

    assert (fresh(remote_session).state, fresh(remote_session).cdr) == (State.COMPLETED, cdr)


def test_above_95_percent_of_the_blocked_amount_incl_vat_a_stop_is_asked_for(world):
    remote_session = world.active(blocked="50")
    world.wait(minutes=30)
    # 39.26 + 21 % VAT is 47.50: 95 % of 50, not above it.
    world.send_session(remote_session, total_cost=Price(Decimal("39.25")))
    world.job()
    assert fresh(remote_session).state == State.ACTIVE

    world.wait(minutes=1)
    world.send_session(remote_session, total_cost=Price(Decimal("39.27")))
    world.job()

    assert fresh(remote_session).state == State.STOPPING
    assert fresh(remote_session).stop_requested_by == "LIMIT"
    assert events_of(remote_session)[-1] == "stopping"
    assert [order.session_id for order in world.operator_says.stops] == ["S-1"]


def test_the_stop_is_asked_again_at_most_every_five_minutes(world):
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, total_cost=Price(None, Decimal(49)), kwh=Decimal(2))
    asked_at = []
    for _ in range(9):
        world.job()
        asked_at.append(len(world.operator_says.stops))
        world.wait(minutes=1)

    assert asked_at == [1, 1, 1, 1, 1, 2, 2, 2, 2]


def test_the_limit_and_the_pause_between_stops_are_those_of_the_settings(world, settings):
    settings.REMOTE_SESSION_LIMIT_PERCENT, settings.REMOTE_SESSION_STOP_BACKOFF_MINUTES = 50, 2
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, total_cost=Price(None, Decimal(26)), kwh=Decimal(2))
    for _ in range(3):
        world.job()
        world.wait(minutes=1)

    assert fresh(remote_session).state == State.STOPPING
    assert len(world.operator_says.stops) == 2


def test_without_a_payment_there_is_no_limit(world):
    remote_session = world.active()
    world.send_session(remote_session, total_cost=Price(Decimal(900)), kwh=Decimal(2))

    world.job()

    assert fresh(remote_session).state == State.ACTIVE


# STOPPING


def test_stopping_completes_at_once_when_the_operator_sends_no_cdrs(world):
    world.evse = silent_operator()
    remote_session = world.stop(world.active())

    world.job()

    assert fresh(remote_session).state == State.COMPLETED
    assert events_of(remote_session)[-2:] == ["stopping", "completed"]


def test_stopping_finds_its_cdr(world, arrivals_fail):
    arrivals_fail.undo()
    remote_session = world.stop(world.active(blocked="50"))
    arrivals_fail.setattr(arrivals, "attach_cdrs", lambda cdrs, *, now: None)
    world.send_cdr(remote_session)

    world.job()

    assert fresh(remote_session).state == State.COMPLETED
    assert fresh(remote_session).payment.captured_amount == Decimal("12.10")
    assert events_of(remote_session)[-2:] == ["stopping", "completed"]


def test_stopping_without_a_completed_session_is_an_error_after_ten_minutes(world):
    remote_session = world.stop(world.active(blocked="50"))
    world.wait(minutes=9, seconds=59)
    world.job()
    assert fresh(remote_session).state == State.STOPPING

    world.wait(seconds=1)
    world.job()

    assert state_of(remote_session) == (State.ERROR, Reason.STOP_NOT_CONFIRMED)
    assert "10 minutes" in fresh(remote_session).message
    assert fresh(remote_session).payment.state == PaymentState.PREAUTH_ACCEPTED
    assert events_of(remote_session)[-1] == "error"


def test_stopping_with_a_completed_session_waits_on_for_the_nightly_cdr(world):
    remote_session = world.stop(world.active())
    world.wait(minutes=1)
    world.send_session(remote_session, status="COMPLETED", ended_at=world.now)
    world.wait(hours=14)
    world.job()
    assert fresh(remote_session).state == State.STOPPING

    world.send_cdr(remote_session)

    assert fresh(remote_session).state == State.COMPLETED


# Three days


@pytest.mark.parametrize("stopping", [False, True])
def test_older_than_three_days_is_an_error(world, stopping):
    remote_session = world.active()
    if stopping:
        remote_session = world.stop(remote_session)
        world.send_session(remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(2))
    world.wait(minutes=4319)
    world.job()
    assert fresh(remote_session).state in {State.ACTIVE, State.STOPPING}

    world.wait(minutes=1)
    world.job()

    assert state_of(remote_session) == (State.ERROR, Reason.TOO_LONG_OPEN)
    assert events_of(remote_session)[-1] == "error"


@pytest.mark.parametrize("minutes", [59, 60])
def test_the_longest_time_is_that_of_the_setting(world, settings, minutes):
    settings.REMOTE_SESSION_ACTIVE_MAX_MINUTES = 60
    remote_session = world.active()
    world.wait(minutes=minutes)

    world.job()

    assert (fresh(remote_session).state == State.ERROR) == (minutes == 60)


# ERROR


def test_error_keeps_looking_for_the_cdr(world, arrivals_fail):
    arrivals_fail.undo()
    remote_session = world.stop(world.active(blocked="50"))
    world.wait(minutes=10)
    world.job()
    assert fresh(remote_session).state == State.ERROR
    arrivals_fail.setattr(arrivals, "attach_cdrs", lambda cdrs, *, now: None)
    world.wait(days=2)
    world.send_cdr(remote_session)

    world.job()

    assert fresh(remote_session).state == State.COMPLETED
    assert fresh(remote_session).payment.state == PaymentState.CAPTURED
    assert events_of(remote_session)[-2:] == ["error", "completed"]


def test_error_of_an_operator_without_cdrs_completes_with_the_end_of_its_session(world):
    world.evse = silent_operator()
    remote_session = world.active()
    world.wait(minutes=4320)
    world.job()
    assert fresh(remote_session).state == State.ERROR

    world.send_session(remote_session, status="COMPLETED", ended_at=world.now)

    assert fresh(remote_session).state == State.COMPLETED


def test_active_at_an_operator_without_cdrs_completes_with_the_end_of_its_session(world):
    world.evse = silent_operator()
    remote_session = world.active()

    world.send_session(remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(3))

    assert fresh(remote_session).state == State.COMPLETED


# Money that waits


def test_what_was_given_up_is_released_after_the_set_time(world):
    remote_session = world.start(blocked="50")
    world.wait(minutes=10)
    world.job()
    world.wait(minutes=59)
    world.job()
    assert fresh(remote_session).payment.state == PaymentState.PREAUTH_ACCEPTED

    world.wait(minutes=1)
    world.job()

    assert fresh(remote_session).payment.state == PaymentState.RELEASED


def test_what_no_cdr_came_for_is_released_after_the_set_time(world, settings):
    settings.REMOTE_SESSION_RELEASE_MINUTES = 600
    remote_session = world.stop(world.active(blocked="50"))
    world.wait(minutes=10)
    world.job()
    world.wait(minutes=600)

    world.job()

    assert fresh(remote_session).payment.state == PaymentState.RELEASED
    assert "No CDR came in time: the blocked amount is released." in story(remote_session)


def test_completed_and_cancelled_are_not_looked_at(world):
    world.send_cdr(world.start())
    world.wait(days=9)

    assert "LOOKED_AT" not in world.job()


def test_what_was_done_is_a_job_run_with_counts(world):
    world.start()
    world.wait(minutes=10)

    world.job()

    log = JobRun.objects.get()
    assert log.outcome == JobRun.Outcome.SUCCEEDED
    assert log.counts["LOOKED_AT"] == 1
    assert log.counts["CANCELLED"] == 1


def test_a_deleted_cdr_is_not_found(world, arrivals_fail):
    arrivals_fail.undo()
    remote_session = world.stop(world.active())
    arrivals_fail.setattr(arrivals, "attach_cdrs", lambda cdrs, *, now: None)
    cdr = world.send_cdr(remote_session)
    cdr.deleted_at, cdr.deletion_reason = world.now, "sent by mistake"
    cdr.save()

    world.job()

    assert fresh(remote_session).state == State.STOPPING
    assert CDR.objects.count() == 1
    assert ChargingSession.objects.count() == 1
