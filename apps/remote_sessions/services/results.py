"""The station's result of a command, as it comes to our callback address."""

import hmac
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.core.errors import DomainError, NotFound
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import CommandResult, Result
from apps.remote_sessions.services.changes import WORDS, Changes, Kind
from apps.remote_sessions.services.ending import end_start
from apps.remote_sessions.services.sending import digest, give_up_stopping, open_command
from apps.remote_sessions.states import START_OPEN, Reason, State
from apps.remote_sessions.words import in_words


class CommandUnknown(NotFound):
    """A result for a command that we never sent."""

    code = "COMMAND_UNKNOWN"


class CallbackRefused(DomainError):
    """A result that does not know the secret of its command."""

    code = "CALLBACK_REFUSED"
    http_status = 403


# The station did not do it, for certain. A TIMEOUT is none of these: it may yet begin.
NOT_DONE = {
    Result.REJECTED, Result.FAILED, Result.EVSE_OCCUPIED, Result.EVSE_INOPERATIVE,
    Result.NOT_SUPPORTED,
}  # fmt: skip


def record_command_result(
    *, command_id: UUID, secret: str, result: CommandResult, now: datetime
) -> None:
    """Take the one result of a command; a repeated one changes nothing, a late one is kept.

    Raises CommandUnknown, CallbackRefused.
    """
    known = Command.objects.filter(pk=command_id).values_list("secret_hash", flat=True).first()
    if known is None:
        raise CommandUnknown(f"No command {command_id} was sent.")
    if not hmac.compare_digest(known, digest(secret)):
        raise CallbackRefused("This callback address is not the one of the command.")
    with transaction.atomic():
        command, remote_session, changes = open_command(command_id, now=now)
        if command.result:
            _tell_second(changes, remote_session, command, result)
        else:
            _take(changes, remote_session, command, result)
        changes.save("heard from the station")


def _tell_second(
    changes: Changes, remote_session: RemoteSession, command: Command, result: CommandResult
) -> None:
    if result.result != command.result:
        changes.tell(
            remote_session, Kind.RESULT,
            f"Another result came ({in_words(result.result)}) and was ignored: "
            f"{in_words(command.result)} was first.",
        )  # fmt: skip


def _take(
    changes: Changes, remote_session: RemoteSession, command: Command, result: CommandResult
) -> None:
    command.result, command.result_at = result.result[:30], changes.now
    command.result_is_late = command.deadline is not None and changes.now > command.deadline
    command.message = result.message or command.message
    command.save()
    late = " It came after its time." if command.result_is_late else ""
    said = f" It says: {WORDS}" if result.message else ""
    verb = command.get_kind_display().lower()
    changes.tell(
        remote_session,
        Kind.RESULT,
        f"The station's result of the {verb}: {in_words(result.result)}.{late}{said}",
        words=result.message,
    )
    if result.session_id and not remote_session.operator_session_id:
        remote_session.operator_session_id = result.session_id
        changes.touch(remote_session)
    REACTIONS[command.kind](changes, remote_session, result)


def _after_start(changes: Changes, remote_session: RemoteSession, result: CommandResult) -> None:
    if result.result == Result.ACCEPTED and remote_session.state == State.PENDING:
        changes.move(remote_session, State.STARTING)
    elif result.result in NOT_DONE and remote_session.state in START_OPEN:
        end_start(
            changes, remote_session, Reason.START_REFUSED,
            f"The station answered: {in_words(result.result)}. {result.message}".strip(),
        )  # fmt: skip


def _after_stop(changes: Changes, remote_session: RemoteSession, result: CommandResult) -> None:
    """An accepted stop has not stopped: only the session's end says so."""
    if result.result == Result.UNKNOWN_SESSION:
        give_up_stopping(changes, remote_session)


REACTIONS: dict[str, Callable[[Changes, RemoteSession, CommandResult], None]] = {
    Command.Kind.START: _after_start,
    Command.Kind.STOP: _after_stop,
}
