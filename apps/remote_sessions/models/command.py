"""One START_SESSION or STOP_SESSION, sent once, with what came back."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel
from apps.remote_sessions.models.remote_session import RemoteSession


class Command(BaseModel):
    """A command to an operator: its answer comes at once, its result later at our callback.

    CREATED        to be sent
    SENT           on its way; after a crash nobody knows, so it is not sent again
    ACCEPTED       the operator took it; the station's result is due by `deadline`
    REFUSED        the operator did not take it
    UNKNOWN        the answer was lost: only the result or the session can tell
    NOT_DELIVERED  certainly never reached the operator
    """

    class Kind(models.TextChoices):
        START = "START", "Start"
        STOP = "STOP", "Stop"

    class State(models.TextChoices):
        CREATED = "CREATED", "Created"
        SENT = "SENT", "Sent"
        ACCEPTED = "ACCEPTED", "Accepted"
        REFUSED = "REFUSED", "Refused"
        UNKNOWN = "UNKNOWN", "Unknown"
        NOT_DELIVERED = "NOT_DELIVERED", "Not delivered"

    remote_session = models.ForeignKey(
        RemoteSession, on_delete=models.PROTECT, related_name="commands"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    state = models.CharField(max_length=13, choices=State, default=State.CREATED)
    asked_by = models.CharField(max_length=12, help_text="DRIVER, STAFF, LIMIT or LATE_START.")
    secret_hash = models.CharField(  # noqa: DJ001 - unique once it is there
        max_length=64, null=True, blank=True, editable=False,
        help_text="SHA-256 of the secret part of its callback; made when it is sent.",
    )  # fmt: skip
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(
        null=True, blank=True, help_text="When the result is due: the operator's timeout."
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=30, blank=True, help_text="As the operator said it.")
    result_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=30, blank=True, help_text="As the station said it.")
    result_is_late = models.BooleanField(default=False)
    overdue_noted_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["secret_hash"], name="command_secret_once"),
            models.UniqueConstraint(
                fields=["remote_session"], condition=Q(kind="START"), name="command_start_once"
            ),
            models.CheckConstraint(
                condition=Q(result="", result_at=None)
                | (~Q(result="") & Q(result_at__isnull=False)),
                name="command_result_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["remote_session", "-id"], name="command_newest_of_session"),
            models.Index(fields=["deadline"], name="command_awaiting_result",
                         condition=Q(result_at=None, overdue_noted_at=None,
                                     deadline__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.remote_session_id}"

    def is_undecided(self, *, now: datetime) -> bool:
        """Still on its way, or taken and its result not due yet: asking again would be a double."""
        if self.state in {self.State.CREATED, self.State.SENT}:
            return True
        waits = self.state in {self.State.ACCEPTED, self.State.UNKNOWN} and not self.result
        return waits and self.deadline is not None and now < self.deadline
