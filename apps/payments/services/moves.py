"""The one place that moves payments between states, one or many at once."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum

from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.audit.personal import keyring
from apps.core.errors import NotFound
from apps.events.services import NewEvent, emit_many
from apps.payments.models import LedgerEntry, Payment
from apps.payments.states import check_move

# All that services set; bulk writes name their fields.
FIELDS = [
    "state", "state_changed_at", "due_amount", "capture_amount", "captured_amount",
    "refund_amount", "refunded_amount", "owed_amount", "psp_payment_id", "authorized_until",
    "failure_code", "failure_message",
]  # fmt: skip


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "PAYMENT_NOT_FOUND"


def locked_payment(payment_id: UUID) -> Payment:
    """The payment with its row locked. Raises PaymentNotFound."""
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise PaymentNotFound(f"There is no payment {payment_id}.")
    return payment


def move(payment: Payment, *, to: str, now: datetime) -> None:
    """Set the state in memory. Raises IllegalPaymentMove."""
    check_move(source=payment.state, target=to)
    payment.state, payment.state_changed_at = to, now


def save_payments(
    *,
    payments: Sequence[Payment],
    ledger: Sequence[LedgerEntry],
    activity: str,
    now: datetime,
    reason: str = "",
    actor: Actor | None = None,
) -> None:
    """Write locked payments, their ledger entries and their events, in the caller's transaction."""
    if not payments:
        return
    Payment.objects.bulk_update(
        payments, FIELDS, audit_change=change_of(activity, reason=reason, actor=actor)
    )
    keys = keyring(entry.audit_person_id() for entry in ledger if entry.text)
    for entry in ledger:
        entry.audit_keys = keys
    LedgerEntry.objects.bulk_create(ledger, batch_size=500)
    moved = [payment for payment in payments if payment.state_changed_at == now]
    emit_many(events=[_event(payment) for payment in moved], now=now)


def _event(payment: Payment) -> NewEvent:
    return NewEvent(
        type=f"payment.status.{payment.state.lower()}",
        aggregate=payment,
        provider_id=payment.provider_id,
        data={
            "payment_id": str(payment.pk),
            "reference": payment.reference,
            "currency": payment.currency,
            "authorized_amount": str(payment.authorized_amount),
            "captured_amount": str(payment.captured_amount),
            "refunded_amount": str(payment.refunded_amount),
            "owed_amount": str(payment.owed_amount),
        },
    )


def balance(payment: Payment) -> dict[str, Decimal]:
    """What the ledger adds up to: blocked, taken, owed."""
    sums: dict[str, Any] = LedgerEntry.objects.filter(payment=payment).aggregate(
        blocked=Sum("blocked_change"), taken=Sum("taken_change"), owed=Sum("owed_change")
    )
    return {name: amount or Decimal(0) for name, amount in sums.items()}
