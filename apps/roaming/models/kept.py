"""The peers' objects as they sent them, who is behind a hub, and how far each pull came."""

from uuid import UUID

from django.db import models
from django.db.models import Q

from apps.audit.fields import JointMessageField
from apps.core.models import BaseModel
from apps.roaming.models.peers import Peer
from apps.roaming.persons import drivers_in


class KeptObject(BaseModel):
    """A peer's object as it stands after its last PUT or PATCH, with all it said.

    `key` is the id in capitals, because ids compare without case. The body of a CDR is kept with
    the CDR and not twice. A deleted object is kept without being shown to anybody.
    """

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="kept_objects")
    module = models.CharField(max_length=20)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    key = models.CharField("id", max_length=100)
    version = models.CharField(max_length=10)
    body = JointMessageField(blank=True)
    last_updated = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="In the last pull.")
    # Of a CDR that came another way while a posted one waited: what the peer was told then.
    given_address = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "peer's object"
        constraints = [
            models.UniqueConstraint(
                fields=["module", "country_code", "party_id", "key"], name="kept_object_once"
            ),
        ]
        indexes = [
            models.Index(fields=["peer", "module"], name="kept_object_of_peer"),
            models.Index(
                fields=["given_address"], name="kept_object_by_address",
                condition=Q(given_address__isnull=False),
            ),
        ]  # fmt: skip

    def audit_person_ids(self) -> set[UUID]:
        """The drivers whom it names: one, as a rule."""
        return drivers_in(self.module, self.body)

    def __str__(self) -> str:
        return f"{self.module} {self.country_code}*{self.party_id} {self.key}"


class HubClient(BaseModel):
    """A party behind a hub, and whether the hub reaches it now."""

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="hub_clients")
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    role = models.CharField(max_length=10)
    status = models.CharField(max_length=20)
    last_updated = models.DateTimeField()
    body = models.TextField(blank=True)

    class Meta:
        verbose_name = "party behind a hub"
        verbose_name_plural = "parties behind hubs"
        constraints = [
            models.UniqueConstraint(
                fields=["peer", "country_code", "party_id"], name="hub_client_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.role}"


class PullCursor(BaseModel):
    """How far the pull of a module came: what changed since `since`, or from `next_url` on."""

    class Asked(models.TextChoices):
        CHANGES = "CHANGES", "What changed"
        WHOLE = "WHOLE", "The whole list"

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="cursors")
    module = models.CharField(max_length=20)
    operator = models.CharField(
        max_length=6, blank=True, help_text="Where a hub is asked operator by operator: FR*CPO."
    )
    since = models.DateTimeField(null=True, blank=True)
    next_since = models.DateTimeField(null=True, blank=True)
    next_url = models.TextField("next URL", blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField("last tried", null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    received = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField("could not be read", default=0)
    last_error = models.TextField(blank=True)
    asked = models.CharField(
        "asked for", max_length=7, choices=Asked, blank=True,
        help_text="What was asked for since the last pull began.",
    )  # fmt: skip

    class Meta:
        verbose_name = "pull"
        constraints = [
            models.UniqueConstraint(fields=["peer", "module", "operator"], name="pull_cursor_once"),
            models.CheckConstraint(
                condition=Q(next_url="") | Q(started_at__isnull=False),
                name="pull_cursor_under_way_has_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.module} of {self.peer}"
