"""Commands that we sent, and authorizations that we gave."""

from django.db import models

from apps.accounts.models import Token
from apps.core.models import BaseModel
from apps.roaming.models.peers import Peer


class SentCommand(BaseModel):
    """A command, a charging profile request or charging preferences: sent once, answered at once,
    resulted later (preferences are answered only).

    SENT      on its way; stays so when our process died between sending and reading
    ACCEPTED  the peer passes it on; the result is owed until the deadline
    REFUSED   the peer, or the wire before it left us, said no
    UNKNOWN   the answer was lost: it may have been carried out; never sent again
    RESULTED  the charge point's result came
    """

    class State(models.TextChoices):
        SENT = "SENT", "Sent"
        ACCEPTED = "ACCEPTED", "Accepted"
        REFUSED = "REFUSED", "Refused"
        UNKNOWN = "UNKNOWN", "Unknown"
        RESULTED = "RESULTED", "Result came"

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="commands")
    command = models.CharField(max_length=30)
    operator = models.CharField(
        max_length=6, blank=True, help_text="For whom behind the peer: NL*CPO."
    )
    reference = models.CharField(
        max_length=100,
        blank=True,
        help_text="The remote session's command, the reservation, the EVSE or the session.",
    )
    callback_hash = models.CharField(max_length=64, unique=True, editable=False)
    correlation_id = models.CharField(max_length=100)
    sent_at = models.DateTimeField()
    deadline = models.DateTimeField(help_text="Until when a result is awaited.")
    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    response = models.CharField(max_length=40, blank=True)
    response_message = models.CharField(max_length=512, blank=True)
    result = models.CharField(max_length=40, blank=True)
    result_message = models.CharField(max_length=512, blank=True)
    result_at = models.DateTimeField(null=True, blank=True)
    result_body = models.TextField(blank=True)
    later_results = models.JSONField(
        default=list, blank=True, help_text="Results after the first one: kept, not acted on."
    )
    unsaid = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = "sent command"
        permissions = [
            ("ask_stations", "Can reserve, unlock and steer charging at peers' stations"),
        ]
        indexes = [
            models.Index(fields=["peer", "-sent_at"], name="command_of_peer"),
            models.Index(fields=["reference"], name="command_by_reference"),
        ]

    @property
    def is_cancelled_by_operator(self) -> bool:
        """Told at the reservation's own callback address, after its result (`mod_commands`)."""
        return any(later["result"] == "CANCELED_RESERVATION" for later in self.later_results)

    def __str__(self) -> str:
        return f"{self.command} to {self.peer}"


class Authorization(BaseModel):
    """An answer to a real-time authorization: whose sessions carry its reference."""

    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="authorizations")
    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="authorizations")
    reference = models.CharField(max_length=36, unique=True)
    allowed = models.CharField(max_length=15)
    location_id = models.CharField(max_length=39, blank=True)
    evse_uids = models.JSONField("EVSE uids", default=list, blank=True)
    answered_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["token", "-answered_at"], name="authorization_of_token")]

    def __str__(self) -> str:
        return f"{self.allowed} {self.reference}"
