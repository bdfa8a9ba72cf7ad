"""CDRs that peers posted and that wait to be received by the platform."""

from typing import Any

from django.db import models

from apps.audit.fields import PersonalTextField
from apps.core.ids import new_id
from apps.roaming.models.peers import Peer


class WaitingCdr(models.Model):
    """A CDR whose form is right and that the peer was told we have; a batch receives it within
    seconds, and removes the row in the same transaction.

    `id` becomes the CDR's: the address that the peer was given names it. `door` says who sent it
    through which request, for the entry that tells of the CDR. Nothing of it is in the trail yet,
    because no record has changed yet.

    One that can't be received may be set aside by staff: then it waits no more, its message lies
    under its driver's key, and it is tried again only when the peer sends it again or staff ask.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="waiting_cdrs")
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    key = models.CharField("id", max_length=100, help_text="In capitals: ids have no case.")
    version = models.CharField(max_length=10)
    message = PersonalTextField(help_text="As it came.")
    received_at = models.DateTimeField()
    door: Any = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField("failed attempts", default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_reason = models.TextField("set aside because", blank=True)

    class Meta:
        verbose_name = "waiting CDR"
        permissions = [
            ("set_aside_waitingcdr", "Can set aside CDRs that can't be received"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["country_code", "party_id", "key"], name="waiting_cdr_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.key}"
