"""Captures that wait: the job looks at them for a set time, then a person has to."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cdrs import services as cdr_services
from apps.payments.states import State as PaymentState
from apps.remote_sessions.job import aftercare
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services import close_settlement
from tests.accounts.factories import TokenFactory
from tests.remote_sessions.factories import fresh, held_back, mend, story

DAYS = {"days": 2}


def test_a_capture_that_clears_in_time_is_made_by_the_job(world):
    remote_session = held_back(world)
    world.wait(days=1, hours=23)
    assert "LEFT_TO_STAFF" not in world.job()
    mend(remote_session)

    assert world.job()["SETTLED"] == 1

    assert fresh(remote_session).payment.captured_amount == Decimal("12.10")


def test_a_capture_that_waits_for_long_is_left_to_staff_with_its_reason(world):
    remote_session = held_back(world)
    world.wait(**DAYS)

    counts = world.job()

    left = fresh(remote_session)
    assert counts["LEFT_TO_STAFF"] == 1
    assert (left.settlement, left.state) == ("STUCK", "COMPLETED")
    assert left.settlement_note
    assert "a person has to look" in story(remote_session)[-1]
    assert left.settlement_note in story(remote_session)[-1]
    assert left.payment.state == PaymentState.PREAUTH_ACCEPTED


def test_what_is_left_to_staff_is_not_looked_at_again(world, monkeypatch):
    remote_session = held_back(world)
    world.wait(**DAYS)
    world.job()
    lines = len(story(remote_session))
    looked_at = []
    monkeypatch.setattr(aftercare, "settle", lambda rows, now: looked_at.append(rows) or 0)
    world.wait(minutes=1)

    counts = world.job()

    assert (looked_at, len(story(remote_session))) == ([], lines)
    assert "LEFT_TO_STAFF" not in counts


def test_a_review_of_the_cdr_settles_also_what_was_left_to_staff(world):
    remote_session = held_back(world)
    world.wait(**DAYS)
    world.job()

    cdr_services.reject_cdr(cdr=remote_session.cdr, reason="no such charge", now=world.now)
    world.hear_events()

    assert fresh(remote_session).settlement == "DONE"
    assert fresh(remote_session).payment.state == PaymentState.RELEASED


def test_one_that_can_not_be_settled_keeps_no_other_from_it(world, monkeypatch):
    bad = held_back(world)
    world.token = TokenFactory(account=world.token.account)
    good = world.start(blocked="50")
    world.send_session(good, session_id="S-2")
    world.send_cdr(good, cdr_id="C-2", session_id="S-2", location_country="")
    mend(fresh(good))
    real = aftercare.settle

    def settle(rows, *, now):
        if any(row.pk == bad.pk for row in rows):
            raise ZeroDivisionError("an odd price")
        return real(rows, now=now)

    monkeypatch.setattr(aftercare, "settle", settle)
    counts = world.job()

    assert (counts["SETTLED"], counts["SET_ASIDE"]) == (1, 1)
    assert fresh(good).payment.captured_amount == Decimal("12.10")
    world.wait(**DAYS)
    assert world.job()["LEFT_TO_STAFF"] == 1
    assert fresh(bad).settlement == "STUCK"


def test_closed_by_staff_it_frees_the_money_and_takes_none_later(world):
    remote_session = held_back(world)
    close_settlement(
        remote_session_id=remote_session.pk, reason="the station was broken", now=world.now
    )
    mend(remote_session)
    world.wait(days=3)

    world.job()

    closed = fresh(remote_session)
    assert (closed.settlement, closed.payment.state) == ("CLOSED", PaymentState.RELEASED)
    assert (closed.payment.captured_amount, closed.payment.owed_amount) == (0, 0)
    assert "Nothing is captured for this charge: the station was broken" in story(remote_session)


@pytest.mark.parametrize("number", [1, 6])
def test_the_queries_do_not_grow_with_what_is_left_to_staff(world, number):
    for _ in range(number):
        world.token = TokenFactory(account=world.token.account)
        held_back_again(world)
    world.wait(**DAYS)

    with CaptureQueriesContext(connection) as captured:
        counts = aftercare.leave_to_staff(patience=world.now - world.now, now=world.now)

    assert counts == {"LEFT_TO_STAFF": number}
    assert len(captured) <= 16


def held_back_again(world) -> RemoteSession:
    number = RemoteSession.objects.count()
    remote_session = world.start(blocked="50")
    world.evse.location.country = ""
    world.evse.location.save()
    ids = {"session_id": f"S-{number}"}
    world.send_session(remote_session, **ids)
    world.send_cdr(remote_session, cdr_id=f"C-{number}", location_country="", **ids)
    return remote_session
