"""Taking what the driver owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.payments.amounts import split_due
from apps.payments.models import LedgerEntry, Payment
from apps.payments.services.asking import ask_psp
from apps.payments.services.moves import move, save_payments
from apps.payments.states import NOTHING_BLOCKED, State


class PaymentNotDecided(DomainError):
    """The PSP has not said yet whether the amount is blocked."""

    code = "PAYMENT_NOT_DECIDED"


@dataclass(frozen=True, slots=True)
class CaptureClaim:
    """What the driver of a payment has to pay in all, incl. VAT, in the payment's currency."""

    payment_id: UUID
    due: Decimal


def request_capture(
    *, payment_id: UUID, due: Decimal, now: datetime, actor: Actor | None = None
) -> None:
    """Fix what is taken; see `request_captures`."""
    request_captures(claims=[CaptureClaim(payment_id, due)], now=now, actor=actor)


def request_captures(
    *, claims: Sequence[CaptureClaim], now: datetime, actor: Actor | None = None
) -> None:
    """Fix what is taken of each payment: what is due, at most what is blocked; the rest is owed.

    The first claim counts: a payment whose due amount is known is left as it is, so nothing is
    taken twice. Of a payment that has nothing blocked any more all is owed. Due nothing, the
    amount is released. Raises PaymentNotDecided when a pre-authorization is still open.
    The number of queries does not depend on the number of claims.
    """
    due_of = {claim.payment_id: claim.due for claim in claims}
    with transaction.atomic():
        locked = Payment.objects.select_for_update().filter(pk__in=due_of).order_by("pk")
        open_ones = [payment for payment in locked if payment.due_amount is None]
        ledger = [e for p in open_ones for e in _fix(p, due=due_of[p.pk], now=now)]
        save_payments(
            payments=open_ones, ledger=ledger, activity="fixed what is due", now=now, actor=actor
        )
        waiting = {State.CAPTURE_PENDING, State.RELEASE_PENDING}
        ask_psp([p for p in open_ones if p.state in waiting], now=now)


def _fix(payment: Payment, *, due: Decimal, now: datetime) -> list[LedgerEntry]:
    if payment.state == State.PREAUTH_PENDING:
        raise PaymentNotDecided(f"Whether {payment} is blocked is not known yet.")
    blocked = Decimal(0) if payment.state in NOTHING_BLOCKED else payment.authorized_amount
    split = split_due(due=due, blocked=blocked, currency=payment.currency)
    payment.due_amount = split.capture + split.owed
    ledger = _take(payment, split.capture, now=now)
    # The amount already taken at the PSP without our asking counts.
    owed = payment.due_amount - (payment.captured_amount or split.capture)
    if owed > 0:
        payment.owed_amount += owed
        ledger.append(_entry(payment, LedgerEntry.Kind.OWED, now, owed_change=owed))
    return ledger


def _take(payment: Payment, amount: Decimal, *, now: datetime) -> list[LedgerEntry]:
    if payment.state != State.PREAUTH_ACCEPTED:
        return []
    if amount == 0:
        move(payment, to=State.RELEASE_PENDING, now=now)
        return [_entry(payment, LedgerEntry.Kind.RELEASE_ASKED, now, text="Nothing is due.")]
    payment.capture_amount = amount
    move(payment, to=State.CAPTURE_PENDING, now=now)
    return [_entry(payment, LedgerEntry.Kind.CAPTURE_ASKED, now)]


def _entry(
    payment: Payment,
    kind: str,
    now: datetime,
    *,
    owed_change: Decimal = Decimal(0),
    text: str = "",
) -> LedgerEntry:
    return LedgerEntry(payment=payment, kind=kind, at=now, owed_change=owed_change, text=text)
