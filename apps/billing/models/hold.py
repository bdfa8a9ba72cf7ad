"""What could not be billed, for a person to mend."""

from django.db import models
from django.db.models import Q

from apps.billing.models.run import InvoiceRun
from apps.cdrs.models import CDR
from apps.core.models import BaseModel


class BillingHold(BaseModel):
    """An accepted CDR that a run could not bill, and why; resolved when a later run bills it."""

    cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, related_name="billing_holds", verbose_name="CDR"
    )
    run = models.ForeignKey(InvoiceRun, on_delete=models.PROTECT, related_name="holds")
    code = models.CharField(max_length=50)
    message = models.TextField()
    details = models.JSONField(
        default=dict, blank=True, help_text="What a person needs to mend it: flags, facts."
    )
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cdr"], condition=Q(resolved_at=None), name="billing_hold_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["code", "-id"], condition=Q(resolved_at=None),
                         name="billing_hold_queue"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.cdr}: {self.message}"
