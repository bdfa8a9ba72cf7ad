"""What waits to be pushed: one first-in-first-out queue per peer."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from apps.audit.fields import JointMessageField, PersonalLabelField
from apps.audit.models import AuditedModel
from apps.audit.personal import Keyring
from apps.core.models import BaseModel
from apps.roaming.models.peers import Peer
from apps.roaming.persons import drivers_in


class PushQueue(AuditedModel):
    """The queue of a peer. Its row lock gives the numbers, so that they follow commit order."""

    peer = models.OneToOneField(Peer, on_delete=models.PROTECT, related_name="queue")
    is_paused = models.BooleanField("paused", default=False)
    next_number = models.PositiveBigIntegerField(default=1, editable=False)
    attempts = models.PositiveIntegerField("failed attempts in a row", default=0, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    audit_ignored: ClassVar[tuple[str, ...]] = ("next_number", "attempts", "retry_at", "last_error")

    class Meta:
        verbose_name = "push queue"

    def __str__(self) -> str:
        return f"queue of {self.peer}"


class Push(BaseModel):
    """A message that waits, or was sent.

    WAITING    in its place in the queue
    DELIVERED  the peer took it
    REFUSED    the peer answered that it is wrong (2xxx); set aside, the next ones go on
    CANCELLED  taken out by staff
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        DELIVERED = "DELIVERED", "Delivered"
        REFUSED = "REFUSED", "Refused"
        CANCELLED = "CANCELLED", "Cancelled"

    queue = models.ForeignKey(PushQueue, on_delete=models.PROTECT, related_name="pushes")
    number = models.PositiveBigIntegerField()
    module = models.CharField(max_length=30)
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=500, help_text="After the module's URL.")
    body = JointMessageField()
    label = PersonalLabelField(max_length=200)
    is_last_word = models.BooleanField(
        default=False, editable=False,
        help_text="Says that the token of an erased person is no longer valid. Kept readable "
        "until it is settled, then blanked.",
    )  # fmt: skip
    correlation_id = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField("delivered or refused", null=True, blank=True)
    last_error = models.TextField(blank=True)
    unsaid = models.JSONField(
        default=list, blank=True, help_text="What the peer's version of OCPI can't say."
    )

    # For many at once; see personal.keyring().
    audit_keys: Keyring

    class Meta:
        verbose_name = "push"
        verbose_name_plural = "pushes"
        constraints = [
            models.UniqueConstraint(fields=["queue", "number"], name="push_number_once"),
        ]
        indexes = [
            models.Index(
                fields=["queue", "number"], condition=Q(state="WAITING"), name="push_waiting"
            ),
            models.Index(fields=["state", "settled_at"], name="push_settled"),
            models.Index(fields=["queue", "path"], name="push_by_path"),
        ]

    def audit_person_ids(self) -> set[UUID]:
        """The drivers whom it tells of: one, as a rule."""
        return set() if self.is_last_word else drivers_in(self.module, self.body)

    def __str__(self) -> str:
        return f"{self.label} (no. {self.number})"
