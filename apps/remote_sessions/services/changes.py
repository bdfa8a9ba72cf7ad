"""A unit of work: what happens to locked remote sessions is gathered and written at once.

One remote session or a thousand are written with the same number of queries, which is how the
minute job stays within its minute.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor, current_actor
from apps.audit.history import actor_label
from apps.audit.models import change_of
from apps.audit.personal import keyring, protect
from apps.audit.recording import person_of
from apps.events.services import NewEvent, emit_many
from apps.remote_sessions import tasks
from apps.remote_sessions.models import Command, RemoteSession, TimelineEntry
from apps.remote_sessions.states import Reason, State, check_move

Kind = TimelineEntry.Kind
# Where a sentence of a story has a driver's name or somebody else's words.
WORDS: Final = "{words}"

# All that services set; bulk writes name their fields.
FIELDS: Final = [
    "state", "state_changed_at", "reason", "message", "starting_at", "active_at", "stopping_at",
    "completed_at", "cancelled_at", "error_at", "operator_authorization_reference",
    "operator_session_id", "transaction_id", "session", "session_matched_by",
    "session_confidence", "cdr", "cdr_matched_by", "cdr_confidence", "credit_cdr",
    "payment", "settlement", "settlement_note", "stop_requested_at", "stop_requested_by",
    "stop_is_pointless",
]  # fmt: skip

_TIME_OF: Final = {
    State.STARTING: "starting_at", State.ACTIVE: "active_at", State.STOPPING: "stopping_at",
    State.COMPLETED: "completed_at", State.CANCELLED: "cancelled_at", State.ERROR: "error_at",
}  # fmt: skip


@dataclass(slots=True)
class Changes:
    """What is to be written at `now` for remote sessions whose rows the caller has locked."""

    now: datetime
    actor: Actor | None = None
    touched: dict[UUID, RemoteSession] = field(default_factory=dict)
    lines: list[TimelineEntry] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    # Per line, by its id: whose words go into it.
    words: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)

    def touch(self, remote_session: RemoteSession) -> None:
        """Its fields were set and are to be written."""
        self.touched[remote_session.pk] = remote_session

    def tell(
        self, remote_session: RemoteSession, kind: str, text: str, *, words: str = "", **data: Any
    ) -> None:
        """Add a line to its story. `words` stand for WORDS in the text: what names the driver, or
        what others said and may name the driver."""
        line = TimelineEntry(remote_session=remote_session, at=self.now, kind=kind, data=data,
                             text=text if words else text.replace(WORDS, "").rstrip())  # fmt: skip
        if words:
            self.words[line.pk] = (remote_session.account_id, words)
        self.lines.append(line)

    def move(
        self,
        remote_session: RemoteSession,
        to: State,
        *,
        reason: str = Reason.NONE,
        message: str = "",
    ) -> None:
        """Change its state; the event and the line come with it. Raises IllegalMove."""
        check_move(source=remote_session.state, target=to)
        before = State(remote_session.state)
        remote_session.state, remote_session.state_changed_at = to, self.now
        remote_session.reason, remote_session.message = reason, message
        setattr(remote_session, _TIME_OF[to], self.now)
        _note_settlement(remote_session)
        self.touch(remote_session)
        because = f": {WORDS}" if message else ""
        self.tell(remote_session, Kind.STATE, f"{before.label} → {to.label}{because}",
                  words=message, source=before, target=to, reason=str(reason))  # fmt: skip
        self.events.append(_event(remote_session, before))

    def ask_stop(self, remote_session: RemoteSession, *, by: str) -> Command:
        """Have a STOP_SESSION sent after commit; the state is the caller's business."""
        remote_session.stop_requested_at, remote_session.stop_requested_by = self.now, by
        self.touch(remote_session)
        command = Command(
            remote_session=remote_session, kind=Command.Kind.STOP, asked_by=by, asked_at=self.now
        )
        self.commands.append(command)
        asker = RemoteSession.StopBy(by).label.lower()
        self.tell(remote_session, Kind.COMMAND, f"A stop was asked for ({asker}).")
        return command

    def save(self, activity: str, *, reason: str = "", send: bool = True) -> None:
        """Write everything in the caller's transaction; `send` hands new commands to a worker."""
        if self.touched:
            RemoteSession.objects.bulk_update(
                list(self.touched.values()), FIELDS, batch_size=500,
                audit_change=change_of(activity, reason=reason, actor=self.actor),
            )  # fmt: skip
        Command.objects.bulk_create(self.commands, batch_size=500)
        self._protect_lines()
        TimelineEntry.objects.bulk_create(self.lines, batch_size=500)
        for events in _one_per_aggregate(self.events):
            emit_many(events=events, now=self.now)
        if send:
            _send_on_commit(self.commands)

    def _protect_lines(self) -> None:
        """With the keys of all drivers, fetched with one query."""
        actor = self.actor or current_actor()
        keys = keyring([person_of(actor), *(account for account, _ in self.words.values())])
        label = actor_label(actor, keys)
        for line in self.lines:
            line.actor_label = label
            if line.pk in self.words:
                account, words = self.words[line.pk]
                line.text = line.text.replace(WORDS, protect(words, account, keys))


def _note_settlement(remote_session: RemoteSession) -> None:
    waits = remote_session.settlement == RemoteSession.Settlement.NOT_DUE
    if remote_session.state == State.COMPLETED and remote_session.payment_id and waits:
        remote_session.settlement = RemoteSession.Settlement.WAITING


def _event(remote_session: RemoteSession, before: State) -> NewEvent:
    return NewEvent(
        type=f"remote_session.status.{remote_session.state.lower()}",
        aggregate=remote_session,
        provider_id=remote_session.provider_id,
        data={
            "remote_session_id": str(remote_session.pk),
            "from": before.value,
            "to": remote_session.state,
            "reason": str(remote_session.reason),
            "session_id": remote_session.operator_session_id,
            "cdr": str(remote_session.cdr_id) if remote_session.cdr_id else None,
        },
    )


def _one_per_aggregate(events: Iterable[NewEvent]) -> list[list[NewEvent]]:
    """Rounds in which each remote session has one event at most, in the order they happened."""
    seen: dict[Any, int] = defaultdict(int)
    rounds: list[list[NewEvent]] = []
    for event in events:
        number = seen[event.aggregate.pk]
        seen[event.aggregate.pk] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(event)
    return rounds


def _send_on_commit(commands: list[Command]) -> None:
    for command in commands:
        transaction.on_commit(
            lambda pk=str(command.pk): tasks.send_command.delay(pk),  # type: ignore[misc]
            robust=True,
        )
