"""Telling partners of events: queued with the event, sent outside of any transaction."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.audit import services as audit
from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.personal import protect
from apps.core.errors import DomainError
from apps.events.models import Event
from apps.events.personal import person_of
from apps.webhooks import signing
from apps.webhooks.addresses import check_url
from apps.webhooks.models import Attempt, Delivery, Subscription
from apps.webhooks.sending import Outcome, send

# Waits after each failed attempt, in seconds: about two days in all.
WAITS = (10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
# A worker that is killed while it sends: another takes over after this.
CLAIM = timedelta(minutes=2)
BATCH = 100


class NothingToReplay(DomainError):
    """The delivery waits for an attempt already."""

    code = "WEBHOOK_DELIVERY_PENDING"


def save_subscription(*, subscription: Subscription, actor: Actor | None = None) -> str:
    """Write a subscription; a new one gets its secret, which is returned once.

    Raises AddressRefused when the URL can't be one.
    """
    check_url(subscription.url, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE)
    secret = ""
    if not subscription.secret:
        secret = signing.new_secret()
        subscription.secret = signing.encrypt_secret(secret)
    activity = "created webhook" if subscription._state.adding else "changed webhook"
    audit.record(activity, subscription, actor=actor)
    return secret


def renew_secret(*, subscription: Subscription, reason: str, actor: Actor | None = None) -> str:
    """A new secret, at once in force; returned once."""
    secret = signing.new_secret()
    subscription.secret = signing.encrypt_secret(secret)
    subscription.save(
        update_fields=["secret"],
        audit_change=change_of("renewed webhook secret", reason=reason, actor=actor),
    )
    return secret


def queue_event(event: Event) -> None:
    """A subscriber of all events: one delivery per subscription that wants it."""
    queue_events([event])


def queue_events(events: Sequence[Event]) -> None:
    """As queue_event, for many events with one look at the subscriptions."""
    providers = {event.provider_id for event in events if event.provider_id}
    by_provider: dict[UUID, list[Subscription]] = defaultdict(list)
    for subscription in Subscription.objects.filter(provider_id__in=providers, is_active=True):
        by_provider[subscription.provider_id].append(subscription)
    deliveries = [
        Delivery(subscription=subscription, event=event, next_attempt_at=event.occurred_at)
        for event in events
        if event.provider_id
        for subscription in by_provider[event.provider_id]
        if subscription.wants(event.type)
    ]
    # One that is queued already stays as it is.
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=BATCH)


def deliver_due(*, now: datetime) -> dict[str, int]:
    """Send what is due, each claimed first; how many went well and how many didn't."""
    counts = {"delivered": 0, "failed": 0}
    for delivery_id in list(Delivery.objects.due(now=now).values_list("pk", flat=True)[:BATCH]):
        delivery = _claim(delivery_id, now=now)
        if delivery is not None:
            outcome = _attempt(delivery, now=now)
            counts["delivered" if outcome.is_delivered else "failed"] += 1
    return counts


def _claim(delivery_id: UUID, *, now: datetime) -> Delivery | None:
    claimed = Delivery.objects.filter(
        pk=delivery_id, state=Delivery.State.PENDING, next_attempt_at__lte=now
    ).update(next_attempt_at=now + CLAIM)
    if not claimed:
        return None
    found: Delivery = Delivery.objects.select_related("subscription", "event").get(pk=delivery_id)
    return found


def _attempt(delivery: Delivery, *, now: datetime) -> Outcome:
    body = json.dumps(delivery.event.as_cloud_event(), default=str).encode()
    began = time.monotonic()
    outcome = send(
        url=delivery.subscription.url, body=body, headers=headers_of(delivery, body, now=now),
        allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
    )  # fmt: skip
    duration = int((time.monotonic() - began) * 1000)
    _note(delivery, outcome, now=now, duration_ms=duration)
    return outcome


def headers_of(delivery: Delivery, body: bytes, *, now: datetime) -> dict[str, str]:
    """The id stays the same over all attempts; the timestamp and the signature don't."""
    timestamp = int(now.timestamp())
    secret = signing.decrypt_secret(delivery.subscription.secret)
    return {
        "Content-Type": "application/cloudevents+json",
        "User-Agent": "evcharge-webhooks/1",
        "Evcharge-Event-Id": str(delivery.event_id),
        "Evcharge-Timestamp": str(timestamp),
        "Evcharge-Signature": signing.signature(secret=secret, timestamp=timestamp, body=body),
    }


@transaction.atomic
def _note(delivery: Delivery, outcome: Outcome, *, now: datetime, duration_ms: int) -> None:
    Attempt.objects.create(
        delivery=delivery, started_at=now, duration_ms=duration_ms, address=outcome.address,
        status=outcome.status, error=outcome.error,
        answer=protect(outcome.answer, person_of(delivery.event)),
    )  # fmt: skip
    delivery.attempts_made += 1
    if outcome.is_delivered:
        delivery.state, delivery.delivered_at = Delivery.State.DELIVERED, now
    elif delivery.attempts_made > len(WAITS):
        delivery.state = Delivery.State.FAILED
    else:
        wait = WAITS[delivery.attempts_made - 1]
        delivery.next_attempt_at = now + timedelta(seconds=wait)
    delivery.save()


def replay_delivery(
    *, delivery: Delivery, reason: str, now: datetime, actor: Actor | None = None
) -> None:
    """Send once more, with all attempts anew. Raises NothingToReplay."""
    if delivery.state == Delivery.State.PENDING:
        raise NothingToReplay(f"{delivery} waits for its next attempt already.")
    with transaction.atomic():
        delivery.state, delivery.attempts_made = Delivery.State.PENDING, 0
        delivery.next_attempt_at, delivery.delivered_at = now, None
        delivery.save()
        audit.note(
            "replayed webhook delivery", object_type="webhooks.delivery",
            object_id=str(delivery.pk), object_label=str(delivery), reason=reason, actor=actor,
            provider_id=delivery.subscription.provider_id,
        )  # fmt: skip
