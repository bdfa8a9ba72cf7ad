"""One billing of a provider's charges."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Provider
from apps.audit.models import AuditedModel


class InvoiceRun(AuditedModel):
    """The billing of a provider's accepted CDRs up to the end of a period; one row per period.

    RUNNING   drafts are being made; a run that was killed stays here until it is started again
    FINISHED  every CDR of the period is on an invoice, held, or waits for a later period
    FAILED    ended with an error; what it drafted stands, started again it goes on
    """

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        FINISHED = "FINISHED", "Finished"
        FAILED = "FAILED", "Failed"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="invoice_runs")
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    totals = models.JSONField(
        default=dict, blank=True, help_text="Per currency: invoices, lines, net, VAT, gross."
    )
    held = models.PositiveIntegerField(default=0, help_text="CDRs that could not be billed.")
    late = models.PositiveIntegerField(
        default=0, help_text="CDRs that wait for a later period: theirs is invoiced already."
    )
    error = models.TextField(blank=True)

    class Meta:
        permissions = [("start_run", "Can start invoice runs")]
        constraints = [
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="run_period_not_empty"
            ),
            models.UniqueConstraint(
                fields=["provider", "period_start", "period_end"], name="run_once_per_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.period_start:%Y-%m}"

    def audit_provider_id(self) -> Any:
        return self.provider_id
