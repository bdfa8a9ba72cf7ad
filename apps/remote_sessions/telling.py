"""The story of a remote session: its own lines and those of its payment, in order."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.core.money import display
from apps.payments.models import LedgerEntry
from apps.remote_sessions.models import RemoteSession


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    id: UUID
    kind: str
    text: str
    actor: str = ""


def tell(remote_session: RemoteSession) -> list[Line]:
    """Oldest first; two queries. Ids are time-ordered (UUIDv7), for what happened at one moment."""
    own = [
        Line(entry.at, entry.pk, entry.get_kind_display(), entry.text, entry.actor_label)
        for entry in remote_session.timeline.order_by("at", "id")
    ]
    paid = [
        Line(entry.at, entry.pk, "Payment", _money(entry, remote_session))
        for entry in LedgerEntry.objects.filter(payment=remote_session.payment_id).order_by("id")
    ]
    return sorted([*own, *paid], key=lambda line: (line.at, line.id))


def _money(entry: LedgerEntry, remote_session: RemoteSession) -> str:
    payment = remote_session.payment
    currency = payment.currency if payment else ""
    parts = [
        f"{display(abs(amount), currency)} {word}"
        for amount, word in (
            (entry.taken_change, "taken" if entry.taken_change > 0 else "given back"),
            (entry.owed_change, "owed"),
            (entry.blocked_change, "blocked" if entry.blocked_change > 0 else "no longer blocked"),
        )
        if amount
    ]
    said = f" {entry.text}" if entry.text else ""
    amounts = f": {', '.join(parts)}." if parts else "."
    return f"{entry.get_kind_display()}{amounts}{said}"
