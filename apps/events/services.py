"""Writing events into the outbox."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import models, transaction
from django.db.models import Max
from kombu.exceptions import KombuError

from apps.audit.personal import protect
from apps.core.inserting import insert_many, insert_numbered
from apps.events.models import Event
from apps.events.tasks import relay_events

logger = structlog.get_logger(__name__)

WAKE_EXPIRES_SECONDS = 10
# After the broker did not answer, requests leave it alone for so long.
BROKER_REST_SECONDS = 10
_sleeps_until = 0.0


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written: what happened to which aggregate; `data` is JSON-ready."""

    type: str
    aggregate: models.Model
    provider_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


def emit(
    *,
    type: str,
    aggregate: models.Model,
    now: datetime,
    provider_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Write an event in the running transaction. The caller holds the aggregate's row lock.

    Raises TransactionManagementError outside of a transaction: the event would part from its
    change.
    """
    _require_transaction()
    event = _event(NewEvent(type, aggregate, provider_id, data or {}), 1, now)
    insert_numbered(event, number="sequence", among=("aggregate_type", "aggregate_id"))
    _wake_relay_on_commit()
    return event


def emit_first(*, events: Iterable[NewEvent], now: datetime) -> None:
    """Write the first event of each of many new aggregates at once."""
    _require_transaction()
    rows = [_event(event, 1, now) for event in events]
    insert_many(rows)
    _wake_relay_on_commit()


def emit_many(*, events: Iterable[NewEvent], now: datetime) -> None:
    """Write one further event for each of many locked aggregates of one type at once."""
    _require_transaction()
    new = list(events)
    if not new:
        return
    label = new[0].aggregate._meta.label_lower
    last = dict(
        Event.objects.filter(
            aggregate_type=label, aggregate_id__in=[str(event.aggregate.pk) for event in new]
        )
        .values_list("aggregate_id")
        .annotate(last=Max("sequence"))
    )
    rows = [_event(event, last.get(str(event.aggregate.pk), 0) + 1, now) for event in new]
    insert_many(rows)
    _wake_relay_on_commit()


def _event(new: NewEvent, sequence: int, now: datetime) -> Event:
    return Event(
        type=new.type,
        aggregate_type=new.aggregate._meta.label_lower,
        aggregate_id=str(new.aggregate.pk),
        sequence=sequence,
        provider_id=new.provider_id,
        data=_protected(new),
        occurred_at=now,
    )


def _protected(new: NewEvent) -> dict[str, Any]:
    """Values that the aggregate declares as personal, under the key of their person."""
    aggregate = new.aggregate
    declared = (*getattr(aggregate, "audit_personal", ()),
                *getattr(aggregate, "audit_personal_told", ()))  # fmt: skip
    personal = set(declared) & new.data.keys()
    if not personal:
        return new.data
    person_id = new.aggregate.audit_person_id()  # type: ignore[attr-defined]
    return {
        name: protect(value, person_id) if name in personal else value
        for name, value in new.data.items()
    }


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("Events are written inside a transaction.")


def _wake_relay_on_commit() -> None:
    """Once per transaction, however many events it writes."""
    connection = transaction.get_connection()
    if all(hook[1] is not _wake_relay for hook in connection.run_on_commit):
        transaction.on_commit(_wake_relay, robust=True)


def _wake_relay() -> None:
    """Costs the request at most one short attempt; beat begins a run every few seconds anyway."""
    global _sleeps_until
    if time.monotonic() < _sleeps_until:
        return
    try:
        relay_events.apply_async(retry=False, expires=WAKE_EXPIRES_SECONDS)
    except (OSError, KombuError) as error:
        _sleeps_until = time.monotonic() + BROKER_REST_SECONDS
        logger.warning("events_relay_not_woken", reason=f"{type(error).__name__}: {error}")
