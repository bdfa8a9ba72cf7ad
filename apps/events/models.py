"""The transactional outbox: what happened, in the transaction in which it happened."""

from typing import Any

from django.db import models

from apps.core.ids import new_id


class EventQuerySet(models.QuerySet["Event"]):
    def pending(self) -> "EventQuerySet":
        return self.filter(published_at=None, parked_at=None)

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
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(
        null=True, blank=True, help_text="Given up after repeated failures; staff replay it."
    )
    last_error = models.TextField(blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aggregate_type", "aggregate_id", "sequence"],
                name="event_sequence_of_aggregate",
            ),
        ]
        indexes = [
            models.Index(
                fields=["occurred_at"],
                condition=models.Q(published_at=None, parked_at=None),
                name="event_pending_for_relay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.sequence} of {self.aggregate_type} {self.aggregate_id}"

    def as_cloud_event(self) -> dict[str, Any]:
        """The event as CloudEvents 1.0 JSON; `sequence` and `provider` are extensions."""
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/evcharge/{self.aggregate_type.replace('.', '/')}",
            "type": self.type,
            "subject": self.aggregate_id,
            "time": self.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "sequence": str(self.sequence),
            "provider": str(self.provider_id) if self.provider_id else None,
            "data": self.data,
        }


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
