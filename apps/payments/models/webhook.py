"""Messages of payment service providers, as they came in."""

from uuid import UUID

from django.db import models
from django.db.models import Q

from apps.audit.fields import PersonalMessageField
from apps.core.models import BaseModel
from apps.payments.models.payment import Payment


class PspMessage(BaseModel):
    """A signed message of a PSP; each of its event ids is taken once.

    The body is kept under the key of whose payment it is about. Of one that is not needed no body
    is kept, and that of one that matches no payment goes when a person resolves it.

    APPLIED    told us something about a payment of ours
    IGNORED    of a kind that we don't need
    UNMATCHED  in the staff's queue: no payment of ours, or one that it contradicts
    RESOLVED   a person has looked at it and said what was done
    """

    class State(models.TextChoices):
        APPLIED = "APPLIED", "Applied"
        IGNORED = "IGNORED", "Not needed"
        UNMATCHED = "UNMATCHED", "Waits for staff"
        RESOLVED = "RESOLVED", "Resolved"

    psp = models.CharField("PSP", max_length=20)
    event_id = models.CharField(max_length=100)
    type = models.CharField(max_length=100)
    psp_payment_id = models.CharField("PSP's payment id", max_length=100, blank=True)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="psp_messages"
    )
    state = models.CharField(max_length=10, choices=State)
    explanation = models.TextField(blank=True, help_text="Why it waits for staff.")
    body = PersonalMessageField(blank=True)
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        verbose_name = "PSP message"
        permissions = [("resolve_pspmessage", "Can resolve a message of the queue")]
        constraints = [
            models.UniqueConstraint(fields=["psp", "event_id"], name="psp_message_once"),
            models.CheckConstraint(
                condition=~Q(state="RESOLVED") | ~Q(resolution=""),
                name="psp_message_resolution_says_what",
            ),
        ]
        indexes = [
            models.Index(fields=["-received_at"], condition=Q(state="UNMATCHED"),
                         name="psp_message_queue"),
        ]  # fmt: skip

    def audit_person_id(self) -> UUID | None:
        """Whose payment it is about."""
        return self.payment.audit_person_id() if self.payment else None

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
