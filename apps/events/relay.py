"""From the outbox to the publisher and to the subscribers inside the platform."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from apps.core.leases import lease
from apps.events.models import Consumption, Event
from apps.events.subscriptions import Subscription, subscribers_of

logger = structlog.get_logger(__name__)

BATCH = 500
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 10


def relay_pending(*, now: datetime) -> int:
    """Publish what is pending, oldest first; returns how many events went out.

    One relay runs at a time; a second one leaves at once. An aggregate whose event failed keeps
    its later events back, so that its order stays.
    """
    with lease(job="events.relay", duration=LEASE, now=now) as held:
        if not held:
            return 0
        sent = 0
        while batch := _relay_batch(now=now):
            sent += batch
        return sent


def _relay_batch(*, now: datetime) -> int:
    due = Event.objects.pending().order_by("occurred_at", "aggregate_id", "sequence")[:BATCH]
    blocked: set[tuple[str, str]] = set()
    published: list[Event] = []
    for event in due:
        aggregate = (event.aggregate_type, event.aggregate_id)
        if aggregate in blocked:
            continue
        if (event.next_attempt_at and event.next_attempt_at > now) or not _deliver(event, now=now):
            blocked.add(aggregate)
            continue
        published.append(event)
    Event.objects.filter(pk__in=[event.pk for event in published]).update(published_at=now)
    return len(published)


def _deliver(event: Event, *, now: datetime) -> bool:
    try:
        for subscription in subscribers_of(event.type):
            _hand_over(event, subscription)
        logger.info("event", **event.as_cloud_event())
    except Exception as error:
        logger.exception("event_delivery_failed", event_id=str(event.id))
        _count_failure(event, error, now=now)
        return False
    return True


def _hand_over(event: Event, subscription: Subscription) -> None:
    with transaction.atomic():
        _, is_new = Consumption.objects.get_or_create(event=event, subscriber=subscription.name)
        if is_new:
            subscription.handler(event)


def _count_failure(event: Event, error: Exception, *, now: datetime) -> None:
    event.attempts += 1
    event.last_error = f"{type(error).__name__}: {error}"[:2000]
    event.next_attempt_at = now + timedelta(seconds=min(2**event.attempts, 3600))
    if event.attempts >= MAX_ATTEMPTS:
        event.parked_at = now
    event.save(update_fields=["attempts", "last_error", "next_attempt_at", "parked_at"])
