"""Asking for a stop: by the driver or staff here, by the limit in the minute job."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.ending import end_start
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.services.sending import send_command
from apps.remote_sessions.states import START_OPEN, Reason, State

StopBy = RemoteSession.StopBy


class RemoteSessionEnded(DomainError):
    """There is nothing left to stop."""

    code = "REMOTE_SESSION_ENDED"


class StopPointless(DomainError):
    """The operator said that it has no such session."""

    code = "STOP_POINTLESS"


def request_stop(
    *,
    remote_session_id: UUID,
    by: RemoteSession.StopBy,
    now: datetime,
    reason: str = "",
    actor: Actor | None = None,
) -> RemoteSession:
    """Stop a charge; the command goes out before this returns. Before a session came, it cancels.

    Asked again while a stop is on its way, it does nothing. Not to be called inside a
    transaction. Raises RemoteSessionEnded, StopPointless, RemoteSessionNotFound.
    """
    with transaction.atomic(durable=True):
        remote_session = locked(remote_session_id)
        changes = Changes(now, actor)
        command = _stop(changes, remote_session, by, reason)
        changes.save("asked for a stop", reason=reason, send=False)
    if command is not None:
        send_command(command_id=command.pk, now=now)
    remote_session.refresh_from_db()
    return remote_session


def _stop(
    changes: Changes, remote_session: RemoteSession, by: RemoteSession.StopBy, reason: str
) -> Command | None:
    if remote_session.state in START_OPEN:
        staff = by == StopBy.STAFF
        why = Reason.CANCELLED_BY_STAFF if staff else Reason.CANCELLED_BY_DRIVER
        end_start(changes, remote_session, why, reason)
        return None
    if not _is_running(remote_session):
        raise RemoteSessionEnded(
            f"The remote session is {remote_session.get_state_display().lower()}.",
            state=remote_session.state,
        )
    if remote_session.stop_is_pointless:
        raise StopPointless("The operator does not know the session (any more).")
    if _is_being_stopped(remote_session, now=changes.now):
        return None
    if remote_session.state == State.ACTIVE:
        changes.move(remote_session, State.STOPPING, message=reason)
    return changes.ask_stop(remote_session, by=by)


def _is_running(remote_session: RemoteSession) -> bool:
    if remote_session.state == State.ERROR:
        session = remote_session.session
        return session is not None and session.status != session.Status.COMPLETED
    return remote_session.state in {State.ACTIVE, State.STOPPING}


def _is_being_stopped(remote_session: RemoteSession, *, now: datetime) -> bool:
    last = remote_session.commands.filter(kind=Command.Kind.STOP).order_by("-id").first()
    return last is not None and last.is_undecided(now=now)
