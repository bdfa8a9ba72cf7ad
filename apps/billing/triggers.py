"""What the database itself refuses: changes to issued invoices, gaps in the series."""

from apps.billing.models import (
    BrandLogo,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    InvoiceSeries,
    InvoiceVatTotal,
)
from apps.core import triggers
from apps.core.triggers import Operation, Trigger


def register() -> None:
    """Registers all triggers of billing; they are made after each migrate."""
    _freeze_invoices()
    _freeze_parts()
    _guard_series()
    triggers.append_only(InvoiceDocument._meta.db_table)
    triggers.append_only(BrandLogo._meta.db_table)


def _freeze_invoices() -> None:
    table = Invoice._meta.db_table
    triggers.frozen_when(table, "OLD.state = 'ISSUED'", message="an issued invoice never changes")
    kept = [f for f in Invoice._meta.concrete_fields if f.name not in Invoice.ERASABLE]
    others = [str(field.column) for field in kept]
    triggers.frozen_when(
        table, "OLD.state = 'DISCARDED'", *others, message="a discarded draft never changes"
    )
    triggers.register(
        Trigger(
            table,
            Operation.UPDATE,
            "of a discarded draft the customer is only ever erased",
            "OLD.state = 'DISCARDED' AND NEW.buyer_vat_id <> '' "
            "AND NEW.buyer_vat_id <> OLD.buyer_vat_id",
        )
    )


def _freeze_parts() -> None:
    """Lines and VAT totals, through the state of their invoice."""
    issued = f'(SELECT state FROM "{Invoice._meta.db_table}" WHERE id = {{row}}.invoice_id)'  # noqa: S608
    issued += " = 'ISSUED'"
    for model in (InvoiceLine, InvoiceVatTotal):
        table = model._meta.db_table
        message = "what stands on an issued invoice never changes"
        triggers.frozen_when(table, issued.format(row="OLD"), message=message)
        triggers.refuse_insert_when(table, issued.format(row="NEW"), message=message)
        triggers.register(Trigger(table, Operation.UPDATE, message, issued.format(row="NEW")))


def _guard_series() -> None:
    table = InvoiceSeries._meta.db_table
    triggers.register(
        Trigger(
            table,
            Operation.UPDATE,
            "numbers go up by one",
            "NEW.last_number <> OLD.last_number AND NEW.last_number <> OLD.last_number + 1",
        ),
        Trigger(table, Operation.INSERT, "a series begins with no number", "NEW.last_number <> 0"),
        Trigger(table, Operation.DELETE, "a series is kept", "OLD.last_number > 0"),
    )
