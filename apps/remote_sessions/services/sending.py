"""Commands go out: once, outside of transactions, and what the operator answers is written down."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import (
    Answer,
    AnswerLost,
    CommandResponse,
    NotDelivered,
    OperatorGateway,
    OperatorNotConnected,
    StartOrder,
    StopOrder,
    gateway_for,
)
from apps.remote_sessions.services.changes import WORDS, Changes, Kind
from apps.remote_sessions.services.ending import end_start
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.states import START_OPEN, Reason, State
from apps.remote_sessions.words import in_words

logger = structlog.get_logger(__name__)


def send_command(*, command_id: UUID, now: datetime) -> None:
    """Send a command that was created; one that was sent before is never sent again.

    It counts as sent from before the call on: killed in between, it is "unknown" until the
    callback or the session tells. Raises RuntimeError inside a transaction: no rows are locked
    while we talk to an operator.
    """
    secret = secrets.token_urlsafe(32)
    if not _claim(command_id, secret, now=now):
        return
    command = Command.objects.select_related(
        "remote_session__operator", "remote_session__session", "remote_session__token",
        "remote_session__evse", "remote_session__location", "remote_session__connector",
    ).get(pk=command_id)  # fmt: skip
    try:
        response = _call(command, secret)
    except (NotDelivered, OperatorNotConnected) as error:
        _record_not_delivered(command, error.message, now=now)
    except AnswerLost as error:
        _record_lost(command, error.message, now=now)
    except Exception as error:
        logger.exception("operator_gateway_failed", command_id=str(command_id))
        _record_lost(command, f"{type(error).__name__} while asking the operator.", now=now)
    else:
        record_command_response(command_id=command_id, response=response, now=now)


def _claim(command_id: UUID, secret: str, *, now: datetime) -> bool:
    due = timedelta(seconds=settings.COMMAND_ANSWER_SECONDS + settings.COMMAND_RESULT_SECONDS)
    unsent = Command.objects.filter(pk=command_id, state=Command.State.CREATED)
    with transaction.atomic(durable=True):
        return bool(
            unsent.update(
                state=Command.State.SENT, sent_at=now, deadline=now + due,
                secret_hash=digest(secret),
            )
        )  # fmt: skip


def digest(secret: str) -> str:
    """What is kept of a callback's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _call(command: Command, secret: str) -> CommandResponse:
    gateway = gateway_for(command.remote_session.operator)
    if command.kind == Command.Kind.START:
        return gateway.send_start(_start_order(command, secret))
    return _send_stop(gateway, command, secret)


def _send_stop(gateway: OperatorGateway, command: Command, secret: str) -> CommandResponse:
    session_id = session_id_of(command.remote_session)
    if not session_id:
        raise NotDelivered("The operator's id of the session is not known.")
    remote_session = command.remote_session
    return gateway.send_stop(
        StopOrder(
            command_id=command.pk, callback_secret=secret, session_id=session_id,
            operator_id=remote_session.operator_id, provider_id=remote_session.provider_id,
            operator_party=remote_session.operator.party,
            answer_seconds=settings.COMMAND_ANSWER_SECONDS,
        )
    )  # fmt: skip


def session_id_of(remote_session: RemoteSession) -> str:
    """What the operator calls the session: the attached one's id, else the one given back."""
    session = remote_session.session
    return session.session_id if session else remote_session.operator_session_id


def _start_order(command: Command, secret: str) -> StartOrder:
    remote_session = command.remote_session
    token, evse = remote_session.token, remote_session.evse
    return StartOrder(
        command_id=command.pk, callback_secret=secret, operator_id=remote_session.operator_id,
        operator_party=remote_session.operator.party, provider_id=remote_session.provider_id,
        token_uid=token.uid, token_kind=token.kind, contract_id=token.contract_id,
        visual_number=token.visual_number, location_id=remote_session.location.location_id,
        evse_uid=evse.uid, evse_id=evse.evse_id,
        connector_id=_connector_id(remote_session),
        authorization_reference=remote_session.authorization_reference,
        answer_seconds=settings.COMMAND_ANSWER_SECONDS,
    )  # fmt: skip


def _connector_id(remote_session: RemoteSession) -> str:
    """The one that was asked for, else the only one there is: some operators demand it
    (OCPI 2.2.1 `mod_commands`, START_SESSION_CONNECTOR_REQUIRED)."""
    if remote_session.connector:
        return remote_session.connector.connector_id
    plugs = remote_session.evse.connectors.filter(is_removed=False)
    ids = list(plugs.values_list("connector_id", flat=True)[:2])
    return ids[0] if len(ids) == 1 else ""


def record_command_response(*, command_id: UUID, response: CommandResponse, now: datetime) -> None:
    """The operator answered: it took the command, or not. A result may have been faster."""
    with transaction.atomic():
        command, remote_session, changes = open_command(command_id, now=now)
        command.answer, command.answered_at = response.answer[:30], now
        command.message = response.message
        command.state = _state_after(response.answer)
        if response.timeout_seconds:
            command.deadline = now + timedelta(seconds=response.timeout_seconds)
        command.save()
        _learn_ids(changes, remote_session, response)
        changes.tell(
            remote_session, Kind.ANSWER, _sentence(command, response), words=response.message
        )
        REACTIONS[command.kind](changes, remote_session, command)
        changes.save("heard from the operator")


def open_command(command_id: UUID, *, now: datetime) -> tuple[Command, RemoteSession, Changes]:
    """A command and its remote session, both locked, the session first."""
    owner = Command.objects.values_list("remote_session_id", flat=True).get(pk=command_id)
    remote_session = locked(owner)
    return Command.objects.select_for_update().get(pk=command_id), remote_session, Changes(now)


def _state_after(answer: str) -> Command.State:
    if answer == Answer.ACCEPTED:
        return Command.State.ACCEPTED
    known = answer in set(Answer)
    return Command.State.REFUSED if known else Command.State.UNKNOWN


def _sentence(command: Command, response: CommandResponse) -> str:
    due = f" The result is due by {command.deadline:%H:%M:%S} UTC." if command.deadline else ""
    said = f" It says: {WORDS}" if response.message else ""
    accepted = command.state == Command.State.ACCEPTED
    verb = command.get_kind_display().lower()
    answer = in_words(response.answer)
    return f"The operator answered the {verb}: {answer}.{due if accepted else ''}{said}"


def _learn_ids(changes: Changes, remote_session: RemoteSession, response: CommandResponse) -> None:
    """Keep what a hub calls it beside what we call it."""
    changes.touch(remote_session)
    if response.session_id:
        remote_session.operator_session_id = response.session_id
    if response.transaction_id:
        remote_session.transaction_id = response.transaction_id
    theirs = response.authorization_reference
    if theirs and theirs.upper() != remote_session.authorization_reference.upper():
        remote_session.operator_authorization_reference = theirs


def _after_start(changes: Changes, remote_session: RemoteSession, command: Command) -> None:
    if command.state == Command.State.ACCEPTED and remote_session.state == State.PENDING:
        changes.move(remote_session, State.STARTING)
    elif command.state == Command.State.REFUSED and remote_session.state in START_OPEN:
        end_start(
            changes, remote_session, Reason.START_REFUSED,
            f"The operator answered: {in_words(command.answer)}. {command.message}".strip(),
        )  # fmt: skip


def _after_stop(changes: Changes, remote_session: RemoteSession, command: Command) -> None:
    if command.answer == Answer.UNKNOWN_SESSION:
        give_up_stopping(changes, remote_session)


def give_up_stopping(changes: Changes, remote_session: RemoteSession) -> None:
    """The operator has no such session: asking again is pointless."""
    remote_session.stop_is_pointless = True
    changes.touch(remote_session)
    changes.tell(remote_session, Kind.COMMAND,
                 "The operator does not know the session; no more stops are sent.")  # fmt: skip


REACTIONS: dict[str, Callable[[Changes, RemoteSession, Command], None]] = {
    Command.Kind.START: _after_start,
    Command.Kind.STOP: _after_stop,
}


def _record_not_delivered(command: Command, why: str, *, now: datetime) -> None:
    with transaction.atomic():
        command, remote_session, changes = open_command(command.pk, now=now)
        command.state, command.message, command.deadline = (
            Command.State.NOT_DELIVERED, why, None,
        )  # fmt: skip
        command.save()
        verb = command.get_kind_display().lower()
        changes.tell(
            remote_session,
            Kind.ANSWER,
            f"The {verb} did not reach the operator: {WORDS}",
            words=why,
        )
        if command.kind == Command.Kind.START and remote_session.state in START_OPEN:
            end_start(changes, remote_session, Reason.OPERATOR_UNREACHABLE, why)
        changes.save("did not reach the operator")


def _record_lost(command: Command, why: str, *, now: datetime) -> None:
    with transaction.atomic():
        command, remote_session, changes = open_command(command.pk, now=now)
        if command.state == Command.State.SENT:
            command.state, command.message = Command.State.UNKNOWN, why
            command.save()
        verb = command.get_kind_display().lower()
        changes.tell(
            remote_session, Kind.ANSWER,
            f"The operator's answer to the {verb} was lost ({WORDS}); it is not sent again, "
            "the result or the session will tell.",
            words=why,
        )  # fmt: skip
        changes.save("lost the operator's answer")
