"""What remote sessions hold of a person, for export and for erasing."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q

from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.personal import ERASED, erased
from apps.audit.persons import Holding, Person, PersonBusy, register_holding
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.states import State

_RUNNING: Final = (State.PENDING, State.STARTING, State.ACTIVE, State.STOPPING)
_WRITTEN: Final = (
    "idempotency_key", "message", "settlement_note", "authorization_reference",
    "operator_authorization_reference",
)  # fmt: skip


def register() -> None:
    """Called in RemoteSessionsConfig.ready()."""
    register_holding(
        Holding("remote_sessions", export_remote_sessions, erase_remote_sessions, prepare=prepare)
    )


def prepare(person: Person) -> None:
    """A charge under way needs its driver: for the stop, the CDR and the payment."""
    waits = Q(state__in=_RUNNING) | Q(settlement__in=UNSETTLED)
    if RemoteSession.objects.filter(waits, account_id=person.id).exists():
        raise PersonBusy("A remote session of this person is not settled; erase them when it is.")


def export_remote_sessions(person: Person) -> Iterator[dict[str, Any]]:
    """Each charge that they asked for, with its story."""
    rows = RemoteSession.objects.filter(account_id=person.id).select_related("evse", "token")
    for row in rows.order_by("id"):
        yield {
            "asked_for": row.requested_at, "evse": str(row.evse), "token": str(row.token),
            "state": row.state, **{name: getattr(row, name) for name in _WRITTEN},
            "story": list(row.timeline.order_by("id").values("at", "text")),
            "commands": list(row.commands.order_by("id").values("kind", "sent_at", "message")),
        }  # fmt: skip


def erase_remote_sessions(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Where, when and how it went stay; references and what others said go."""
    rows = list(RemoteSession.objects.filter(account_id=person.id))
    for row in rows:
        row.authorization_reference = f"ERASED-{row.pk.hex[-20:]}".upper()
        row.idempotency_key = row.operator_authorization_reference = ""
        # An error has to have a message.
        row.message = erased(row.message)
        row.settlement_note = erased(row.settlement_note)
    RemoteSession.objects.bulk_update(
        rows, _WRITTEN,
        audit_change=change_of("erased driver of remote session", reason=reason, actor=actor),
    )  # fmt: skip
    said = Command.objects.filter(remote_session__in=rows).exclude(message="")
    said.update(message=ERASED)
    return len(rows)
