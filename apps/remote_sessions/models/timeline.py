"""The story of a remote session, line by line."""

from typing import Any

from django.db import models

from apps.audit.fields import PersonalLabelField, PersonalTextField
from apps.core.errors import DomainError
from apps.core.models import BaseModel
from apps.remote_sessions.models.remote_session import RemoteSession


class TimelineIsAppendOnly(DomainError):
    """A line of a story would be changed or removed."""

    code = "TIMELINE_APPEND_ONLY"
    http_status = 500


class TimelineQuerySet(models.QuerySet["TimelineEntry"]):
    def update(self, **kwargs: Any) -> int:
        raise TimelineIsAppendOnly("Lines of a timeline are never changed.")

    def delete(self) -> Any:
        raise TimelineIsAppendOnly("Lines of a timeline are never removed.")


class TimelineEntry(BaseModel):
    """Something that happened, in a sentence that support staff can read to a driver.

    What names the driver, and what others said, are pieces under the driver's key.
    """

    class Kind(models.TextChoices):
        ASKED = "ASKED", "Asked"
        COMMAND = "COMMAND", "Command"
        ANSWER = "ANSWER", "Answer"
        RESULT = "RESULT", "Result"
        SESSION = "SESSION", "Session"
        CDR = "CDR", "CDR"
        STATE = "STATE", "State"
        PAYMENT = "PAYMENT", "Payment"
        JOB = "JOB", "Job"

    remote_session = models.ForeignKey(
        RemoteSession, on_delete=models.PROTECT, related_name="timeline"
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    text = PersonalTextField()
    actor_label = PersonalLabelField(max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)

    objects = TimelineQuerySet.as_manager()

    class Meta:
        verbose_name = "timeline entry"
        verbose_name_plural = "timeline entries"
        indexes = [models.Index(fields=["remote_session", "id"], name="timeline_of_session")]

    def __str__(self) -> str:
        return self.text

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TimelineIsAppendOnly("Lines of a timeline are never removed.")
