"""The moves of an invoice, and the lock under which it moves."""

from apps.billing.models import Invoice
from apps.core.errors import DomainError


class InvoiceStateConflict(DomainError):
    """The invoice is no draft any more."""

    code = "INVOICE_STATE_CONFLICT"


def locked(invoice: Invoice) -> Invoice:
    """The invoice as stored, its row locked until the transaction ends."""
    found: Invoice = (
        Invoice.objects.select_for_update(no_key=True, of=("self",))
        .select_related("provider", "account", "run")
        .get(pk=invoice.pk)
    )
    return found


def check_move(invoice: Invoice, to: Invoice.State) -> None:
    """Raises InvoiceStateConflict unless the table allows the move."""
    if to not in Invoice.TRANSITIONS[invoice.state]:
        raise InvoiceStateConflict(
            f"Invoice {invoice} is {invoice.get_state_display().lower()}; "
            f"it can't become {to.label.lower()}.",
            state=invoice.state,
        )
