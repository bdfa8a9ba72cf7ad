"""Giving taken money back."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.core.money import display, quantize
from apps.payments.models import LedgerEntry
from apps.payments.services.asking import ask_psp
from apps.payments.services.moves import locked_payment, save_payments
from apps.payments.states import State


class RefundRefused(DomainError):
    """More would be given back than was taken, or nothing at all."""

    code = "REFUND_REFUSED"


def request_refund(
    *, payment_id: UUID, amount: Decimal, reason: str, now: datetime, actor: Actor | None = None
) -> None:
    """Give `amount` back; all refunds together are at most what was captured.

    Raises RefundRefused, PaymentNotFound.
    """
    with transaction.atomic():
        payment = locked_payment(payment_id)
        wanted = quantize(amount, payment.currency)
        left = payment.captured_amount - payment.refund_amount
        if payment.state != State.CAPTURED or not 0 < wanted <= left:
            raise RefundRefused(
                f"{display(wanted, payment.currency)} can't be given back: "
                f"{display(left, payment.currency)} of this payment can."
            )
        payment.refund_amount += wanted
        entry = LedgerEntry(
            payment=payment, kind=LedgerEntry.Kind.REFUND_ASKED, at=now,
            text=f"{display(wanted, payment.currency)}: {reason}",
        )  # fmt: skip
        save_payments(
            payments=[payment], ledger=[entry], activity="asked for a refund", now=now,
            reason=reason, actor=actor,
        )  # fmt: skip
        ask_psp([payment], now=now)
