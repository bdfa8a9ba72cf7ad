"""The counter that gives invoices their numbers."""

from django.db import models

from apps.accounts.models import Provider
from apps.core.models import BaseModel


class InvoiceSeries(BaseModel):
    """A seller's numbers of one year; the lock on its row makes them gap-free.

    A trigger lets `last_number` go up by one at a time and never down.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="invoice_series")
    prefix = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"
        constraints = [
            models.UniqueConstraint(fields=["provider", "prefix", "year"], name="series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"
