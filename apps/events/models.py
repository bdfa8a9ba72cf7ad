"""The transactional outbox: what happened, in the transaction in which it happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, Min, OuterRef, Q

from apps.audit.fields import ProtectedJSONField
from apps.core.ids import new_id


class EventQuerySet(models.QuerySet["Event"]):
    def pending(self) -> "EventQuerySet":
        """Not published or not handled yet, and not given up."""
        return self.filter(Q(published_at=None) | Q(handled_at=None), parked_at=None)

    def unpublished(self) -> "EventQuerySet":
        return self.pending().filter(published_at=None)

    def unhandled(self) -> "EventQuerySet":
        return self.pending().filter(handled_at=None)

    def parked(self) -> "EventQuerySet":
        return self.filter(parked_at__isnull=False)

    def ready(self, pending: "EventQuerySet", *, now: datetime) -> "EventQuerySet":
        """Those pending that no failed event of their aggregate keeps back, oldest first."""
        waiting = self.pending().filter(
            aggregate_type=OuterRef("aggregate_type"), aggregate_id=OuterRef("aggregate_id"),
            sequence__lte=OuterRef("sequence"), next_attempt_at__gt=now,
        )  # fmt: skip
        # Which aggregates have a failed one is found out once; only for those the rest is asked.
        # Without it PostgreSQL may look through all that is pending for each that is pending.
        failed = self.pending().filter(next_attempt_at__gt=now).values("aggregate_id")
        return pending.filter(~Q(aggregate_id__in=failed) | ~Exists(waiting)).order_by(
            "occurred_at", "aggregate_type", "aggregate_id", "sequence"
        )

    def first_of_each(
        self, pending: "EventQuerySet", events: Iterable["Event"]
    ) -> dict[tuple[str, str], int]:
        """The lowest pending sequence of each event's aggregate."""
        ids = {event.aggregate_id for event in events}
        rows = pending.filter(aggregate_id__in=ids).values_list("aggregate_type", "aggregate_id")
        return {(kind, id): low for kind, id, low in rows.annotate(low=Min("sequence"))}

    def of(self, aggregate: models.Model) -> "EventQuerySet":
        return self.filter(
            aggregate_type=aggregate._meta.label_lower, aggregate_id=str(aggregate.pk)
        )


class Event(models.Model):
    """Something that happened to one aggregate (a CDR, an invoice), as CloudEvents 1.0 tells it.

    `sequence` numbers the events of an aggregate from 1; it is taken under the aggregate's row
    lock, because neither ids nor times follow the order of commits.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    type = models.CharField(max_length=100, help_text="For example cdr.status.accepted.")
    aggregate_type = models.CharField(max_length=100)
    aggregate_id = models.CharField(max_length=100)
    sequence = models.PositiveIntegerField()
    provider_id = models.UUIDField(null=True, blank=True)
    data: Any = ProtectedJSONField(default=dict)
    occurred_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True, help_text="To the outside.")
    handled_at = models.DateTimeField(
        null=True, blank=True, help_text="By all subscribers inside the platform."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(
        null=True, blank=True, help_text="Given up after repeated failures; staff replay it."
    )
    last_error = models.TextField(blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        permissions = [("replay_event", "Can replay parked events")]
        constraints = [
            models.UniqueConstraint(
                fields=["aggregate_type", "aggregate_id", "sequence"],
                name="event_sequence_of_aggregate",
            ),
        ]
        indexes = [
            models.Index(
                fields=["occurred_at"],
                condition=Q(published_at=None, parked_at=None),
                name="event_unpublished",
            ),
            models.Index(
                fields=["occurred_at"],
                condition=Q(handled_at=None, parked_at=None),
                name="event_unhandled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.sequence} of {self.aggregate_type} {self.aggregate_id}"

    @property
    def aggregate_key(self) -> tuple[str, str]:
        return self.aggregate_type, self.aggregate_id

    def as_cloud_event(self) -> dict[str, Any]:
        """The event as CloudEvents 1.0 JSON; `sequence` and `provider` are extensions."""
        event = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/evcharge/{self.aggregate_type.replace('.', '/')}",
            "type": self.type,
            "subject": self.aggregate_id,
            "time": self.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "sequence": str(self.sequence),
            "data": self.data,
        }
        # Attributes without a value are left out (CloudEvents 1.0, section 3).
        return event | {"provider": str(self.provider_id)} if self.provider_id else event


class Consumption(models.Model):
    """A subscriber has handled an event; written in the transaction of what it did."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="consumptions")
    subscriber = models.CharField(max_length=100)
    handled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="event_handled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} handled {self.event_id}"
