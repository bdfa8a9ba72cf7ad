"""Addresses of partners that are told of events, what was sent to them, and how it went."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import Provider
from apps.audit.fields import PersonalTextField
from apps.audit.models import AuditedModel
from apps.core.models import BaseModel
from apps.events.models import Event


class Subscription(AuditedModel):
    """A partner's address and the events it is told of; only those of its own provider."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=100)
    url = models.URLField("URL", max_length=500)
    event_types = models.JSONField(
        default=list, help_text="One per line: cdr.status.accepted, or cdr.* for all that begin so."
    )
    secret = models.CharField(max_length=300, editable=False)
    is_active = models.BooleanField("active", default=True)

    audit_secret: ClassVar[tuple[str, ...]] = ("secret",)

    class Meta:
        verbose_name = "webhook"

    def __str__(self) -> str:
        return f"{self.provider}: {self.name}"

    def wants(self, event_type: str) -> bool:
        return any(
            event_type == wanted or (wanted.endswith("*") and event_type.startswith(wanted[:-1]))
            for wanted in self.event_types
        )


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, *, now: datetime) -> "DeliveryQuerySet":
        return self.filter(
            state=Delivery.State.PENDING, next_attempt_at__lte=now, subscription__is_active=True
        ).order_by("next_attempt_at")


class Delivery(BaseModel):
    """One event for one subscription.

    PENDING    waits for its first or next attempt
    DELIVERED  answered with 2xx
    FAILED     given up after the last attempt; staff replay it
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "Pending"
        DELIVERED = "DELIVERED", "Delivered"
        FAILED = "FAILED", "Failed"

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="deliveries"
    )
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="webhook_deliveries")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts_made = models.PositiveSmallIntegerField("attempts", default=0)
    next_attempt_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        permissions = [("replay_delivery", "Can replay webhook deliveries")]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event"], name="delivery_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="PENDING"), name="delivery_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event.type} to {self.subscription}"


class Attempt(BaseModel):
    """One request and its answer. Insert-only."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField("duration (ms)")
    address = models.CharField(max_length=45, blank=True, help_text="Where the name led.")
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP status.")
    answer = PersonalTextField(blank=True, help_text="The beginning of the answer's body.")
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.status or self.error)
