"""CDRs that wait are received: looked up, priced, judged and told of, many in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Q

from apps.audit.change import Change
from apps.cdrs.messages import CdrMessage
from apps.cdrs.services import Arrival
from apps.core.errors import DomainError
from apps.roaming.models import Peer, WaitingCdr
from apps.roaming.ocpi import json
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.cdrs import note_address, read_peer_cdr, receive_arrivals_of
from apps.roaming.services.taking_cdrs import door_from_json

logger = structlog.get_logger(__name__)
# Country, party, id, in capitals.
Key = tuple[str, str, str]
BATCH: Final = 200
LONGEST_WAIT: Final = timedelta(hours=1)
# As a power of two in seconds this is longer than LONGEST_WAIT; much higher powers are no times.
_MOST_DOUBLINGS: Final = 12


class CdrNotReceivable(DomainError):
    """A CDR that waits can't be received yet; it is kept, and tried again later."""

    code = "CDR_NOT_RECEIVABLE"
    http_status = 503


def receive_waiting_cdrs(*, now: datetime) -> dict[str, int]:
    """Receive all that is due, oldest first; how many were received, and how many can't be yet.

    Several processes may do this at once: each takes rows that no other holds. Killed half-way,
    a batch is undone as a whole and waits again.
    """
    counts = {"received": 0, "failed": 0}
    while ids := list(_due(now).values_list("pk", flat=True)[:BATCH]):
        try:
            received = _receive(ids, now)
        except Exception:
            # One of them; the others must not wait for it.
            logger.exception("waiting_cdrs_not_received", count=len(ids))
            _receive_each(ids, now, counts)
            continue
        counts["received"] += received
        if not received:  # another process is at them
            break
    return counts


def settle_waiting(messages: Sequence[CdrMessage], *, now: datetime) -> list[WaitingCdr | None]:
    """Receive at once those of these CDRs that wait, so that they can be compared with.

    Returns per message the row that waits on, because it can't be received now; else None.
    """
    if ids := [row.pk for row in _waiting_of(messages).values()]:
        try:
            _receive(ids, now, wait=True)
        except Exception:
            logger.exception("waiting_cdrs_not_received", count=len(ids))
            _receive_each(ids, now, {"received": 0, "failed": 0}, wait=True)
    still = _waiting_of(messages) if ids else {}
    return [still.get(_key(message)) for message in messages]


def receive_waiting_cdr(*, waiting: WaitingCdr, now: datetime) -> None:
    """Try it again now, as staff ask. Raises CdrNotReceivable with what is in the way."""
    _receive_each([waiting.pk], now, {"received": 0, "failed": 0}, wait=True)
    if failed := WaitingCdr.objects.filter(pk=waiting.pk).first():
        raise CdrNotReceivable(f"It can't be received yet: {failed.last_error}")


def _waiting_of(messages: Iterable[CdrMessage]) -> dict[Key, WaitingCdr]:
    keys = {_key(message) for message in messages}
    rows = WaitingCdr.objects.filter(key__in=[key for _, _, key in keys])
    found = {(row.country_code, row.party_id, row.key): row for row in rows}
    return {key: row for key, row in found.items() if key in keys}


def _key(message: CdrMessage) -> Key:
    country_code, party_id = message.country_code.upper(), message.party_id.upper()
    return country_code, party_id, message.cdr_id.strip().upper()


def _due(now: datetime) -> Any:
    return WaitingCdr.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now), set_aside_at=None
    ).order_by("pk")


def _receive(ids: Sequence[UUID], now: datetime, *, wait: bool = False) -> int:
    """One transaction: the CDRs with their trail are there, and the rows that waited are gone."""
    skips = not wait and connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        rows = list(
            WaitingCdr.objects.select_for_update(of=("self",), skip_locked=skips)
            .filter(pk__in=ids)
            .select_related("peer__party")
            .order_by("pk")
        )
        by_peer: dict[UUID, list[WaitingCdr]] = defaultdict(list)
        for row in rows:
            by_peer[row.peer_id].append(row)
        for of_one in by_peer.values():
            peer = of_one[0].peer
            arrivals = [_arrival(row, now) for row in of_one]
            receive_arrivals_of(peer=peer, arrivals=arrivals, now=now)
            _require_stored(arrivals)
            _note_addresses(peer, arrivals)
        WaitingCdr.objects.filter(pk__in=[row.pk for row in rows])._raw_delete("default")
    return len(rows)


def _require_stored(arrivals: Iterable[Arrival]) -> None:
    """Raises the error of one of which neither a CDR nor a conflict is there: its row must stay.

    The form was right when it was posted; the check may be a stricter one since a release.
    """
    for arrival in arrivals:
        if arrival.error and arrival.cdr is None:
            raise arrival.error


def _note_addresses(peer: Peer, arrivals: Iterable[Arrival]) -> None:
    """What was told of a CDR that a pull or an import stored while it waited stays good."""
    for arrival in arrivals:
        if arrival.cdr and arrival.id and not arrival.error and arrival.cdr.pk != arrival.id:
            note_address(peer=peer, cdr=arrival.cdr, address=arrival.id)


def _arrival(row: WaitingCdr, now: datetime) -> Arrival:
    message = read_peer_cdr(
        peer=row.peer, message=json.read(row.message), version=Version(row.version),
        raw=row.message,
    )  # fmt: skip
    return Arrival(
        message, id=row.pk, change=Change("received CDR", "", door_from_json(row.door), now)
    )


def _receive_each(
    ids: Sequence[UUID], now: datetime, counts: dict[str, int], *, wait: bool = False
) -> None:
    """One by one; one that fails waits longer and longer, with the reason for staff to see."""
    for key in ids:
        try:
            counts["received"] += _receive([key], now, wait=wait)
        except Exception as error:
            counts["failed"] += 1
            logger.exception("waiting_cdr_not_received", waiting=str(key))
            _note_failure(key, error, now)


def _note_failure(key: UUID, error: Exception, now: datetime) -> None:
    row = WaitingCdr.objects.filter(pk=key).first()
    if row is None:  # Another process received it in the meantime.
        return
    row.attempts += 1
    wait = timedelta(seconds=2 ** min(row.attempts, _MOST_DOUBLINGS))
    row.next_attempt_at = now + min(wait, LONGEST_WAIT)
    row.last_error = f"{type(error).__name__}: {error}"[:2000]
    row.save(update_fields=["attempts", "next_attempt_at", "last_error"])
