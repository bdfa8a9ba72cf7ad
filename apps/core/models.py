"""What every record has, and the lease and log of jobs."""

from typing import Any, Final

from django.db import models
from django.db.models.signals import class_prepared

from apps.core.ids import new_id
from apps.core.job_names import job_name

# Words that a name made of a field's or a class's name would show as "Evse" or "Vat".
WRITTEN: Final = {
    "cdr": "CDR", "cdrs": "CDRs", "evse": "EVSE", "kwh": "kWh", "ocpi": "OCPI", "psp": "PSP",
    "url": "URL", "vat": "VAT",
}  # fmt: skip


def write_names_right(sender: Any, **kwargs: Any) -> None:
    """Names that nobody gave, for screens and entries: "EVSE", "VAT rate". Given ones stay."""
    meta = sender._meta
    for field in meta.local_fields:
        if getattr(field, "_verbose_name", None) is None:
            field.verbose_name = _written(field.verbose_name)
    if not {"verbose_name", "verbose_name_plural"} & set(meta.original_attrs):
        meta.verbose_name = _written(meta.verbose_name)
        meta.verbose_name_plural = _written(meta.verbose_name_plural)


def _written(name: Any) -> str:
    return " ".join(WRITTEN.get(word, word) for word in str(name).split(" "))


class_prepared.connect(write_names_right)


class BaseModel(models.Model):
    """A record with a UUIDv7 key and the times of its first and last write."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True


class JobLease(models.Model):
    """Who may run a job now: one row per job, taken by compare-and-swap (see leases.py)."""

    job = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=100)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.job} held by {self.holder}"


class JobRun(models.Model):
    """One run of a job, with what it did, for the dashboard and /readyz."""

    class Outcome(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        SUCCEEDED = "SUCCEEDED", "Succeeded"
        FAILED = "FAILED", "Failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    counts = models.JSONField(default=dict, blank=True, help_text="What was done, per outcome.")
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["job", "-started_at"], name="jobrun_newest_of_job")]

    def __str__(self) -> str:
        return f"{job_name(self.job)} at {self.started_at:%Y-%m-%d %H:%M:%S}"

    def in_words(self) -> str:
        """What was done: "3 completed, 1 set aside"; empty when nothing was."""
        words = ((what.lower().replace("_", " "), number) for what, number in self.counts.items())
        return ", ".join(f"{number:,} {what}" for what, number in words)


class Heartbeat(models.Model):
    """When a process that must keep running was last seen."""

    name = models.CharField(max_length=50, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} seen at {self.seen_at:%Y-%m-%d %H:%M:%S}"
