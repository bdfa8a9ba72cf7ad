"""What billing holds of a person: exported whole; erased but for invoices that were issued."""

from collections.abc import Iterator
from typing import Any

from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.persons import Holding, Person, PersonBusy, register_holding
from apps.billing.models import BillingHold, Invoice, InvoiceLine


def register() -> None:
    """Called in BillingConfig.ready()."""
    register_holding(Holding("invoices", export_invoices, erase_discarded, prepare=prepare))
    register_holding(Holding("billing_holds", export_holds, erase_holds))


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


def erase_discarded(person: Person, *, reason: str, actor: Actor | None) -> int:
    """What was issued stays as the law asks; of drafts that were given up the customer goes."""
    discarded = Invoice.objects.filter(account_id=person.id, state=Invoice.State.DISCARDED)
    InvoiceLine.objects.filter(invoice__in=discarded).update(tax_decision={})
    change = change_of("erased customer of discarded draft", reason=reason, actor=actor)
    named = list(discarded.exclude(buyer_vat_id=""))
    for invoice in named:
        invoice.buyer_vat_id = ""
        invoice.save(update_fields=["buyer_vat_id"], audit_change=change)
    return len(named)


def export_holds(person: Person) -> Iterator[dict[str, Any]]:
    """Charges that could not be billed, with the facts about the customer."""
    yield from _holds_of(person).values("code", "message", "details", "resolved_at")


def erase_holds(person: Person, *, reason: str, actor: Actor | None) -> int:
    """The code stays; the facts, with the customer's VAT ids, go."""
    holds = list(_holds_of(person).exclude(details={}))
    for hold in holds:
        hold.message, hold.details = person.blank(hold.message), {}
    BillingHold.objects.bulk_update(holds, ["message", "details"], batch_size=500)
    return len(holds)


def _holds_of(person: Person) -> Any:
    return BillingHold.objects.filter(cdr__account_id=person.id)
