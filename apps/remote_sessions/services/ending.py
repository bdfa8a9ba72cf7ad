"""Giving up, going wrong, and completing by hand."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.payments.services import request_release
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.services.settling import settle
from apps.remote_sessions.states import NOTHING_STARTED, Reason, State, check_move

NO_CDR: Final = "The operator sends no CDR."


class ReasonMissing(InvalidInput):
    """A person ends a remote session without saying why."""

    code = "REASON_MISSING"


class CdrExpected(DomainError):
    """The remote session is completed by its CDR, which has not come."""

    code = "CDR_EXPECTED"


class NothingCharged(DomainError):
    """Neither a session nor a CDR came: there is no charge to complete."""

    code = "NOTHING_CHARGED"


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
    *, remote_session_id: UUID, reason: str, now: datetime, actor: Actor | None = None
) -> RemoteSession:
    """Complete one of an operator that sends no CDRs, whose session's end was lost.

    The session's last word is then what the driver pays. Raises ReasonMissing, CdrExpected,
    NothingCharged, IllegalMove, RemoteSessionNotFound.
    """
    if not reason.strip():
        raise ReasonMissing("Say how you know that the charge has ended.")
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        check_move(source=remote_session.state, target=State.COMPLETED)
        _require_charge(remote_session)
        changes = Changes(now, actor)
        complete_on(changes, remote_session, because=reason.strip())
        changes.save("completed", reason=reason)
        settle([remote_session], now=now)
    return remote_session


def _require_charge(remote_session: RemoteSession) -> None:
    if remote_session.cdr_id is not None:
        return
    if remote_session.operator.sends_cdrs:
        raise CdrExpected(f"{remote_session.operator} sends a CDR, which has not come yet.")
    if remote_session.session_id is None:
        raise NothingCharged("No session came, so that nothing says what was charged.")


def complete_on(changes: Changes, remote_session: RemoteSession, *, because: str = "") -> None:
    """Move to COMPLETED: its CDR is attached, or its operator sends none, which the story says."""
    without_cdr = NO_CDR if remote_session.cdr_id is None else ""
    message = f"{without_cdr} {because}".strip()
    changes.move(remote_session, State.COMPLETED, message=message)
