"""What staff and programs may do with a remote session that nothing else here goes through: one
entry each time it changes, none when it is asked for again."""

import pytest

from apps.audit.models import Entry
from apps.core.errors import DomainError
from apps.remote_sessions import services
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.ending import CdrExpected, NothingCharged, ReasonMissing
from apps.remote_sessions.services.staff_settling import NothingToSettle
from apps.remote_sessions.states import IllegalMove
from tests.cdrs.factories import ChargingSessionFactory
from tests.remote_sessions.factories import World, fresh, held_back, mend, silent_operator


def told(remote_session: RemoteSession) -> list[str]:
    story = Entry.objects.story_of(remote_session).order_by("pk")
    return list(story.values_list("activity", flat=True))


def test_a_session_that_staff_recognised_is_attached_once(world: World) -> None:
    remote_session = world.start()
    before = told(remote_session)
    session = ChargingSessionFactory(token=world.token, location=world.evse.location)
    wish = {"remote_session_id": remote_session.pk, "session": session, "now": world.now}
    services.attach_session(reason="the driver called", **wish)
    assert told(remote_session)[len(before) :] == [f"attached session {session}"]
    with pytest.raises(DomainError):
        services.attach_session(reason="again", **wish)
    assert len(told(remote_session)) == len(before) + 1


def test_one_whose_operator_sends_no_cdr_is_completed_once(world: World) -> None:
    world.evse = silent_operator()
    remote_session = world.active()
    before = told(remote_session)
    wish = {"remote_session_id": remote_session.pk, "reason": "the driver called"}
    services.complete(**wish, now=world.now)
    completed = fresh(remote_session)
    assert (completed.state, completed.message) == (
        "COMPLETED", "The operator sends no CDR. the driver called",
    )  # fmt: skip
    assert told(remote_session)[len(before) :] == ["completed"]
    with pytest.raises(IllegalMove):
        services.complete(**wish, now=world.now)
    assert len(told(remote_session)) == len(before) + 1


@pytest.mark.parametrize(
    ("silent", "session", "reason", "refusal"),
    [
        (False, True, "it ended", CdrExpected), (True, False, "it ended", NothingCharged),
        (True, True, " ", ReasonMissing),
    ],
)  # fmt: skip
def test_nothing_is_completed_without_a_charge_or_a_reason(
    world: World, silent: bool, session: bool, reason: str, refusal: type[DomainError]
) -> None:
    if silent:
        world.evse = silent_operator()
    remote_session = world.active() if session else world.start()
    with pytest.raises(refusal):
        services.complete(remote_session_id=remote_session.pk, reason=reason, now=world.now)
    assert fresh(remote_session).state == remote_session.state


def test_a_capture_that_waits_is_closed_once(world: World) -> None:
    remote_session = held_back(world)
    before = told(remote_session)
    wish = {"remote_session_id": remote_session.pk, "reason": "goodwill", "now": world.now}
    with pytest.raises(ReasonMissing):
        services.close_settlement(**{**wish, "reason": ""})
    services.close_settlement(**wish)
    assert fresh(remote_session).settlement == "CLOSED"
    assert told(remote_session)[len(before) :] == ["closed without a capture"]
    with pytest.raises(NothingToSettle):
        services.close_settlement(**wish)
    assert len(told(remote_session)) == len(before) + 1


def test_a_capture_is_settled_again_once(world: World) -> None:
    remote_session = held_back(world)
    assert services.settle_again(remote_sessions=[remote_session.pk], now=world.now) == 0
    mend(remote_session)
    before = told(remote_session)
    assert services.settle_again(remote_sessions=[remote_session.pk], now=world.now) == 1
    assert told(remote_session)[len(before) :] == ["settled the payment"]
    assert services.settle_again(remote_sessions=[remote_session.pk], now=world.now) == 0
    assert len(told(remote_session)) == len(before) + 1
