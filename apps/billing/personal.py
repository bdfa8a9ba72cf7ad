"""Invoices of a person: part of what is exported, kept whole when the person is erased."""

from collections.abc import Iterator
from typing import Any

from apps.audit.persons import Holding, Person, PersonBusy, register_holding
from apps.billing.models import Invoice


def register() -> None:
    """Called in BillingConfig.ready(). No eraser: the law asks to keep invoices."""
    register_holding(Holding("invoices", export_invoices, prepare=prepare))


def prepare(person: Person) -> None:
    """An invoice has to name its customer, so that drafts are issued or discarded first."""
    if draft := Invoice.objects.drafts().filter(account_id=person.id).first():
        raise PersonBusy(
            f"The invoice of {draft.period_start:%Y-%m} is a draft; issue or discard it first."
        )


def export_invoices(person: Person) -> Iterator[dict[str, Any]]:
    """What was billed, as printed."""
    yield from Invoice.objects.filter(account_id=person.id).values(
        "number", "state", "period_start", "period_end", "currency", "net_total", "vat_total",
        "gross_total", "issue_date", "buyer", "buyer_vat_id", "discard_reason",
    )  # fmt: skip
