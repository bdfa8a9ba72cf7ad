"""Each request with its answer, in both directions, for staff to look up."""

from django.db import models

from apps.audit.fields import PersonalTextField
from apps.core.ids import new_id
from apps.roaming.models.peers import Peer


class Exchange(models.Model):
    """One request and its answer. Secrets are blanked before it is written; rows end by age.

    Whoever writes protects what names a driver (services/exchanges.py). The body of a CDR that was
    taken is kept with the CDR and not twice: `cdr_id` leads to it.
    """

    class Direction(models.TextChoices):
        IN = "IN", "From the peer"
        OUT = "OUT", "To the peer"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    peer = models.ForeignKey(
        Peer, on_delete=models.SET_NULL, null=True, blank=True, related_name="exchanges"
    )
    direction = models.CharField(max_length=3, choices=Direction)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField("duration (ms)", default=0)
    module = models.CharField(max_length=30, blank=True)
    method = models.CharField(max_length=10)
    url = PersonalTextField("URL")
    request_id = models.CharField("request id", max_length=100, blank=True)
    correlation_id = models.CharField("correlation id", max_length=100, blank=True)
    request_headers = models.JSONField(default=dict)
    request_body = PersonalTextField(blank=True)
    cdr_id = models.UUIDField("CDR taken", null=True, blank=True)
    http_status = models.PositiveSmallIntegerField("HTTP status", null=True, blank=True)
    ocpi_status = models.PositiveIntegerField("OCPI status", null=True, blank=True)
    response_headers = models.JSONField(default=dict)
    response_body = PersonalTextField(blank=True)
    error = models.TextField(blank=True)
    unsaid = models.JSONField(
        "not said", default=list, blank=True,
        help_text="What we would have said, had the peer's version of OCPI words for it.",
    )  # fmt: skip
    source_address = models.CharField(max_length=45, blank=True)

    class Meta:
        verbose_name = "exchanged message"
        indexes = [
            models.Index(fields=["-at"], name="exchange_newest_first"),
            models.Index(fields=["peer", "-at"], name="exchange_of_peer"),
            models.Index(fields=["request_id"], name="exchange_by_request"),
            models.Index(fields=["correlation_id"], name="exchange_by_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"[:120]
