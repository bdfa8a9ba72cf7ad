"""Giving up, going wrong, and completing by hand."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.payments.services import request_release
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.states import NOTHING_STARTED, Reason, State, check_move


class ReasonMissing(InvalidInput):
    """A person ends a remote session without saying why."""

    code = "REASON_MISSING"


class CdrExpected(DomainError):
    """The remote session is completed by its CDR, which has not come."""

    code = "CDR_EXPECTED"


def cancel(
    *,
    remote_session_id: UUID,
    reason: Reason,
    message: str,
    now: datetime,
    actor: Actor | None = None,
) -> RemoteSession:
    """Give a start up. Raises IllegalMove, RemoteSessionNotFound."""
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        changes = Changes(now, actor)
        end_start(changes, remote_session, reason, message)
        changes.save("cancelled", reason=message)
    return remote_session


def end_start(
    changes: Changes, remote_session: RemoteSession, reason: Reason, message: str
) -> None:
    """Move to CANCELLED; when nothing can have started, blocked money is freed at once."""
    changes.move(remote_session, State.CANCELLED, reason=reason, message=message)
    if reason in NOTHING_STARTED and remote_session.payment_id:
        request_release(
            payment_id=remote_session.payment_id, reason=message or str(reason.label),
            now=changes.now, actor=changes.actor,
        )  # fmt: skip


def set_error(
    *,
    remote_session_id: UUID,
    reason: Reason,
    message: str,
    now: datetime,
    actor: Actor | None = None,
) -> RemoteSession:
    """Say that it went wrong; its CDR is still looked for. Raises IllegalMove, ReasonMissing."""
    if not message.strip():
        raise ReasonMissing("Say what went wrong.")
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        changes = Changes(now, actor)
        changes.move(remote_session, State.ERROR, reason=reason, message=message.strip())
        changes.save("marked as gone wrong", reason=message)
    return remote_session


def complete(
    *, remote_session_id: UUID, now: datetime, actor: Actor | None = None
) -> RemoteSession:
    """Complete one that has its CDR, or whose operator sends none.

    Raises CdrExpected, IllegalMove, RemoteSessionNotFound.
    """
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        check_move(source=remote_session.state, target=State.COMPLETED)
        if remote_session.cdr_id is None and remote_session.operator.sends_cdrs:
            raise CdrExpected(f"{remote_session.operator} sends a CDR, which has not come yet.")
        changes = Changes(now, actor)
        changes.move(remote_session, State.COMPLETED)
        changes.save("completed")
    return remote_session
