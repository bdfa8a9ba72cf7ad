"""What staff and programs may do with a remote session that nothing else here goes through: one
entry each time it changes, none when it is asked for again."""

import pytest

from apps.audit.models import Entry
from apps.core.errors import DomainError
from apps.remote_sessions import services
from apps.remote_sessions.models import RemoteSession
from tests.cdrs.factories import ChargingSessionFactory
from tests.remote_sessions.factories import World, fresh, silent_operator


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
    world.stop(remote_session)
    world.work()
    before = told(remote_session)
    services.complete(remote_session_id=remote_session.pk, now=world.now)
    assert fresh(remote_session).state == "COMPLETED"
    assert told(remote_session)[len(before) :] == ["completed"]
    with pytest.raises(DomainError):
        services.complete(remote_session_id=remote_session.pk, now=world.now)
    assert len(told(remote_session)) == len(before) + 1
