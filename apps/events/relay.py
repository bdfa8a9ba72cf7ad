"""From the outbox to the publisher and to the subscribers inside the platform.

Two passes over what is pending, so that a broker that is down holds up no invoice and a failing
subscriber holds up no partner. In both, an aggregate's events go in the order of their sequence:
one that failed keeps its later ones back, until it succeeds or is parked.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, zip_longest

import structlog
from django.conf import settings
from django.db import transaction

from apps.core.leases import lease
from apps.events.models import Consumption, Event, EventQuerySet
from apps.events.publishers import Publisher, PublisherUnavailable, publisher_for
from apps.events.subscriptions import Subscription, subscribers_of

logger = structlog.get_logger(__name__)

BATCH = 500
# A killed relay's successor waits this long. A run ends well before, beat begins the next one.
LEASE = timedelta(seconds=30)
RUN_SECONDS = 15
MAX_ATTEMPTS = 10
LONGEST_WAIT = 3600


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a run did; `more` says that it ended before the outbox was empty."""

    published: int = 0
    handled: int = 0
    more: bool = False


def relay_pending(*, now: datetime) -> Relayed:
    """Publish and hand over what is pending, oldest first.

    One relay runs at a time; a second one leaves at once. At least once: a run that is killed
    between sending and noting it sends again, with the same id.
    """
    with lease(job="events.relay", duration=LEASE, now=now) as held:
        if not held:
            return Relayed()
        # Out first: what a subscriber fails at is retried later, and went to partners already.
        end = time.monotonic() + RUN_SECONDS / 2
        published, unpublished = _publish_pending(now=now, end=end)
        handled, unhandled = _hand_over_pending(now=now, end=end + RUN_SECONDS / 2)
        return Relayed(published, handled, unpublished or unhandled)


def _publish_pending(*, now: datetime, end: float) -> tuple[int, bool]:
    publisher = publisher_for(settings.EVENTS_URL)
    sent = 0
    try:
        while batch := _due(Event.objects.unpublished(), now=now):
            sent += _publish_batch(batch, publisher, now=now)
            if time.monotonic() > end:
                return sent, True
    except PublisherUnavailable as error:
        logger.warning("events_publisher_unavailable", reason=error.message)
    finally:
        publisher.close()
    return sent, False


def _publish_batch(batch: list[Event], publisher: Publisher, *, now: datetime) -> int:
    """Send in waves with at most one event of each aggregate, each wave known to have arrived."""
    sent = 0
    blocked: set[tuple[str, str]] = set()
    for wave in _waves(batch):
        wave = [event for event in wave if event.aggregate_key not in blocked]
        if not wave:
            continue
        refused = publisher.publish([event.as_cloud_event() for event in wave])
        out = [event.pk for event in wave if str(event.pk) not in refused]
        Event.objects.filter(pk__in=out).update(published_at=now)
        sent += len(out)
        for event in wave:
            if reason := refused.get(str(event.pk)):
                blocked.add(event.aggregate_key)
                _count_failure(event, reason, now=now)
    return sent


def _hand_over_pending(*, now: datetime, end: float) -> tuple[int, bool]:
    handled = 0
    while batch := _due(Event.objects.unhandled(), now=now):
        if time.monotonic() <= end and _hand_over_together(batch, now=now):
            handled += len(batch)
            continue
        done, in_time = _hand_over_batch(batch, now=now, end=end)
        handled += done
        if not in_time:
            return handled, True
    return handled, False


def _hand_over_together(batch: list[Event], *, now: datetime) -> bool:
    """All of the batch in one transaction, where all its subscribers take many at once; False
    when one doesn't, or failed: nothing was done then."""
    by_subscription: dict[Subscription, list[Event]] = defaultdict(list)
    for event in batch:
        for subscription in subscribers_of(event.type):
            by_subscription[subscription].append(event)
    if any(subscription.many is None for subscription in by_subscription):
        return False
    try:
        with transaction.atomic():
            for subscription, events in by_subscription.items():
                _hand_over_new(subscription, events)
            Event.objects.filter(pk__in=[event.pk for event in batch]).update(handled_at=now)
    except Exception as error:
        logger.warning("events_not_handed_over_together", reason=f"{type(error).__name__}: {error}")
        return False
    return True


def _hand_over_new(subscription: Subscription, events: list[Event]) -> None:
    """Those that the subscriber has not handled yet, with the notes that it did."""
    noted = Consumption.objects.filter(event__in=events, subscriber=subscription.name)
    known = set(noted.values_list("event_id", flat=True))
    if new := [event for event in events if event.pk not in known]:
        Consumption.objects.bulk_create(
            [Consumption(event=event, subscriber=subscription.name) for event in new],
            batch_size=BATCH,
        )
        assert subscription.many is not None  # noqa: S101 - only such come here
        subscription.many(new)


def _hand_over_batch(batch: list[Event], *, now: datetime, end: float) -> tuple[int, bool]:
    done: list[Event] = []
    blocked: set[tuple[str, str]] = set()
    in_time = True
    for event in batch:
        if event.aggregate_key in blocked:
            continue
        if time.monotonic() > end:
            in_time = False
            break
        if _is_handled(event, now=now):
            done.append(event)
        else:
            blocked.add(event.aggregate_key)
    Event.objects.filter(pk__in=[event.pk for event in done]).update(handled_at=now)
    return len(done), in_time


def _is_handled(event: Event, *, now: datetime) -> bool:
    try:
        for subscription in subscribers_of(event.type):
            _hand_over(event, subscription)
    except Exception as error:
        logger.exception("event_delivery_failed", event_id=str(event.id))
        _count_failure(event, f"{type(error).__name__}: {error}", now=now)
        return False
    return True


def _hand_over(event: Event, subscription: Subscription) -> None:
    """The handler's work and the note that it was done stand or fall together."""
    with transaction.atomic():
        _, is_new = Consumption.objects.get_or_create(event=event, subscriber=subscription.name)
        if is_new:
            subscription.handler(event)


def _due(pending: EventQuerySet, *, now: datetime) -> list[Event]:
    """The oldest batch, each aggregate's events by their sequence and from its first one on."""
    due = list(Event.objects.ready(pending, now=now)[:BATCH])
    first = Event.objects.first_of_each(pending, due)
    by_aggregate = sorted(due, key=lambda event: (*event.aggregate_key, event.sequence))
    kept = []
    for key, events in groupby(by_aggregate, key=lambda event: event.aggregate_key):
        mine = list(events)
        # An earlier one may say a later time: then these wait until it came along.
        if mine[0].sequence == first[key]:
            kept += mine
    return kept


def _waves(batch: list[Event]) -> Iterator[list[Event]]:
    groups = [list(events) for _, events in groupby(batch, key=lambda event: event.aggregate_key)]
    for wave in zip_longest(*groups):
        yield [event for event in wave if event is not None]


def _count_failure(event: Event, reason: str, *, now: datetime) -> None:
    event.attempts += 1
    event.last_error = reason[:2000]
    event.next_attempt_at = now + timedelta(seconds=min(2**event.attempts, LONGEST_WAIT))
    if event.attempts >= MAX_ATTEMPTS:
        event.parked_at = now
        logger.error("event_parked", event_id=str(event.id), reason=event.last_error)
    event.save(update_fields=["attempts", "last_error", "next_attempt_at", "parked_at"])
