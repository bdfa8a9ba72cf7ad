"""What stands on an invoice: its lines, and its VAT per category and rate."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.billing.models.fields import Money
from apps.billing.models.frozen import InvoicePart, PartQuerySet
from apps.billing.models.invoice import Invoice
from apps.cdrs.models import CDR
from apps.core.models import BaseModel


class InvoiceLine(InvoicePart, BaseModel):
    """One charge on an invoice, with the tax decision that was made for it."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, null=True, blank=True, related_name="invoice_lines",
        verbose_name="CDR",
    )  # fmt: skip
    is_live = models.BooleanField(
        default=True, help_text="Off when the draft was discarded: the CDR is free again."
    )
    description = models.CharField(max_length=300)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=50, blank=True)
    quantity_kwh = models.DecimalField(
        "quantity in kWh", max_digits=20, decimal_places=10, null=True, blank=True
    )
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True,
        help_text="Net price per kWh, where the price is one.",
    )  # fmt: skip
    net_amount = Money()
    vat_category = models.CharField(
        "VAT category", max_length=2, help_text="EN 16931: S, AE, O, Z, E."
    )
    vat_rate = models.DecimalField(
        "VAT rate", max_digits=6, decimal_places=3, help_text="Per cent."
    )
    tax_decision = models.JSONField(default=dict, help_text="The decision with its facts.")
    price_basis = models.CharField(max_length=20, help_text="Where the price comes from.")

    objects: ClassVar[Any] = PartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cdr"], condition=Q(is_live=True), name="cdr_on_one_live_line"
            ),
            models.UniqueConstraint(fields=["invoice", "position"], name="line_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.description}"


class InvoiceVatTotal(InvoicePart, BaseModel):
    """The VAT of an invoice per category and rate: computed once, on the sum (EN 16931 BG-23)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="vat_totals")
    vat_category = models.CharField("VAT category", max_length=2)
    vat_rate = models.DecimalField("VAT rate", max_digits=6, decimal_places=3)
    net_amount = Money()
    vat_amount = Money("VAT amount")
    note = models.TextField(blank=True, help_text="The legal note to print.")
    vatex = models.CharField(
        "VATEX code", max_length=30, blank=True, help_text="Why no VAT is charged (BT-121)."
    )
    reporting = models.CharField(
        max_length=30, blank=True, help_text="The VAT return it goes on; empty: none."
    )

    objects: ClassVar[Any] = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "invoice VAT total"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "vat_category", "vat_rate"], name="vat_total_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vat_category} {self.vat_rate} %"
