"""Files of CDRs that were read, row by row accounted for."""

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Provider
from apps.audit.fields import PersonalTextField
from apps.audit.models import AuditedModel
from apps.cdrs.models.cdr import CDR
from apps.core.models import BaseModel


class CdrImport(AuditedModel):
    """One file of CDRs that was read: how many rows, and what became of them."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        FINISHED = "FINISHED", "Finished"
        FAILED = "FAILED", "Failed"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="cdr_imports")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    mapping_name = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = "CDR import"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="FINISHED")
                | Q(rows=F("created") + F("unchanged") + F("refused")),
                name="cdr_import_loses_no_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.started_at:%Y-%m-%d %H:%M})"


class ImportFinding(BaseModel):
    """A row of an import that was refused or held, with its line and the reason."""

    class Outcome(models.TextChoices):
        REFUSED = "REFUSED", "Refused"
        HELD = "HELD", "Held"

    cdr_import = models.ForeignKey(
        CdrImport, on_delete=models.PROTECT, related_name="findings", verbose_name="CDR import"
    )
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    code = models.CharField(max_length=50)
    message = PersonalTextField()
    cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="CDR"
    )

    class Meta:
        indexes = [models.Index(fields=["cdr_import", "line"], name="finding_by_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"
