"""Writing down what the PSP says about a payment, from its answers and its messages."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from apps.payments.models import LedgerEntry, Payment
from apps.payments.psp import PspStatus, Snapshot
from apps.payments.services.moves import balance, locked_payment, move, save_payments
from apps.payments.states import State

Kind = LedgerEntry.Kind


class Outcome(StrEnum):
    """What a snapshot told us."""

    CHANGED = "CHANGED"
    NOTHING_NEW = "NOTHING_NEW"
    CONTRADICTS = "CONTRADICTS"


def record_snapshot(*, payment_id: UUID, snapshot: Snapshot, now: datetime) -> Outcome:
    """Bring the payment to where the PSP says it is; what is older than our state is ignored.

    Money that moved at the PSP against our final state is not written over: CONTRADICTS.
    """
    with transaction.atomic():
        payment = locked_payment(payment_id)
        before = (payment.state, payment.refunded_amount, payment.psp_payment_id)
        ledger: list[LedgerEntry] = []
        _learn(payment, snapshot)
        outcome = OBSERVE[snapshot.status](payment, snapshot, ledger, now)
        save_payments(payments=[payment], ledger=ledger, activity="heard from the PSP", now=now)
        if payment.state not in ASKS_PSP and payment.refund_amount == payment.refunded_amount:
            Payment.objects.filter(pk=payment.pk).update(
                next_attempt_at=_next_look(payment), attempts=0
            )
    if outcome is Outcome.CONTRADICTS:
        return outcome
    after = (payment.state, payment.refunded_amount, payment.psp_payment_id)
    return Outcome.NOTHING_NEW if before == after else Outcome.CHANGED


ASKS_PSP = {State.PREAUTH_PENDING, State.CAPTURE_PENDING, State.RELEASE_PENDING}


def _next_look(payment: Payment) -> datetime | None:
    """A blocked amount is looked at again when the PSP said that it ends."""
    return payment.authorized_until if payment.state == State.PREAUTH_ACCEPTED else None


def _learn(payment: Payment, snapshot: Snapshot) -> None:
    payment.psp_payment_id = payment.psp_payment_id or snapshot.psp_payment_id
    payment.authorized_until = snapshot.authorized_until or payment.authorized_until


def _pending(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> Outcome:
    return Outcome.NOTHING_NEW


def _authorized(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> Outcome:
    if payment.state == State.PREAUTH_PENDING:
        move(payment, to=State.PREAUTH_ACCEPTED, now=now)
        _block(payment, ledger, now)
    elif payment.state == State.RELEASE_PENDING and not balance(payment)["blocked"]:
        _block(payment, ledger, now)
    elif payment.state in {State.PREAUTH_FAILED, State.RELEASED, State.EXPIRED}:
        return Outcome.CONTRADICTS
    return Outcome.CHANGED


def _block(payment: Payment, ledger: list[LedgerEntry], now: datetime) -> None:
    amount = payment.authorized_amount
    ledger.append(_entry(payment, Kind.PREAUTH_ACCEPTED, now, blocked=amount))


def _declined(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> Outcome:
    text = snapshot.failure_message or snapshot.failure_code
    if payment.state == State.PREAUTH_PENDING:
        move(payment, to=State.PREAUTH_FAILED, now=now)
        payment.failure_code = snapshot.failure_code[:100]
        payment.failure_message = snapshot.failure_message
        ledger.append(_entry(payment, Kind.PREAUTH_FAILED, now, text=text))
    elif payment.state == State.RELEASE_PENDING:
        move(payment, to=State.RELEASED, now=now)
        ledger.append(_entry(payment, Kind.RELEASED, now, text=f"Nothing was blocked: {text}"))
    elif payment.state not in {State.PREAUTH_FAILED, State.RELEASED}:
        return Outcome.CONTRADICTS
    return Outcome.CHANGED


def _captured(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> Outcome:
    if payment.state == State.PREAUTH_PENDING:
        _authorized(payment, snapshot, ledger, now)
    if payment.state in {State.PREAUTH_ACCEPTED, State.CAPTURE_PENDING, State.RELEASE_PENDING}:
        blocked = sum((e.blocked_change for e in ledger), balance(payment)["blocked"])
        move(payment, to=State.CAPTURED, now=now)
        payment.captured_amount = snapshot.captured
        short = _shortfall(payment)
        payment.owed_amount += short
        ledger.append(_entry(payment, Kind.CAPTURED, now, blocked=-blocked,
                             taken=snapshot.captured, owed=short))  # fmt: skip
    elif payment.state not in {State.CAPTURED, State.REFUNDED}:
        return Outcome.CONTRADICTS
    _refunded(payment, snapshot, ledger, now)
    return Outcome.CHANGED


def _shortfall(payment: Payment) -> Decimal:
    """What the PSP took less than it was asked to."""
    if payment.capture_amount is None:
        return Decimal(0)
    return max(payment.capture_amount - payment.captured_amount, Decimal(0))


def _refunded(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> None:
    back = snapshot.refunded - payment.refunded_amount
    if back <= 0:
        return
    payment.refunded_amount = snapshot.refunded
    payment.refund_amount = max(payment.refund_amount, snapshot.refunded)
    ledger.append(_entry(payment, Kind.REFUNDED, now, taken=-back))
    if payment.refunded_amount == payment.captured_amount:
        move(payment, to=State.REFUNDED, now=now)


def _freed(
    payment: Payment, snapshot: Snapshot, ledger: list[LedgerEntry], now: datetime
) -> Outcome:
    if payment.state in {State.RELEASED, State.EXPIRED, State.PREAUTH_FAILED}:
        return Outcome.NOTHING_NEW
    if payment.state in {State.CAPTURED, State.REFUNDED}:
        return Outcome.CONTRADICTS
    if payment.state == State.PREAUTH_PENDING:
        move(payment, to=State.RELEASE_PENDING, now=now)
    owed = payment.capture_amount or Decimal(0)
    released = payment.state == State.RELEASE_PENDING or snapshot.status is PspStatus.RELEASED
    expired = payment.state == State.CAPTURE_PENDING or not released
    move(payment, to=State.EXPIRED if expired else State.RELEASED, now=now)
    payment.owed_amount += owed
    kind = Kind.EXPIRED if expired else Kind.RELEASED
    blocked = balance(payment)["blocked"]
    ledger.append(_entry(payment, kind, now, blocked=-blocked, owed=owed))
    return Outcome.CHANGED


Observer = Callable[[Payment, Snapshot, list[LedgerEntry], datetime], Outcome]

OBSERVE: dict[PspStatus, Observer] = {
    PspStatus.PENDING: _pending,
    PspStatus.AUTHORIZED: _authorized,
    PspStatus.DECLINED: _declined,
    PspStatus.CAPTURED: _captured,
    PspStatus.RELEASED: _freed,
    PspStatus.EXPIRED: _freed,
}


def _entry(
    payment: Payment,
    kind: str,
    now: datetime,
    *,
    blocked: Decimal = Decimal(0),
    taken: Decimal = Decimal(0),
    owed: Decimal = Decimal(0),
    text: str = "",
) -> LedgerEntry:
    return LedgerEntry(
        payment=payment, kind=kind, at=now, text=text,
        blocked_change=blocked, taken_change=taken, owed_change=owed,
    )  # fmt: skip
