"""Invoices: drafted by a run, numbered and frozen when issued, their documents beside them."""

from apps.billing.models.document import BrandLogo, InvoiceDocument
from apps.billing.models.frozen import InvoiceFrozen
from apps.billing.models.hold import BillingHold
from apps.billing.models.invoice import Invoice
from apps.billing.models.line import InvoiceLine, InvoiceVatTotal
from apps.billing.models.run import InvoiceRun
from apps.billing.models.series import InvoiceSeries

__all__ = [
    "BillingHold",
    "BrandLogo",
    "Invoice",
    "InvoiceDocument",
    "InvoiceFrozen",
    "InvoiceLine",
    "InvoiceRun",
    "InvoiceSeries",
    "InvoiceVatTotal",
]
