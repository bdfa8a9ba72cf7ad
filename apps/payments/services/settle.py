"""Asking the PSP for what a payment waits for: outside of transactions, repeated until answered."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from apps.payments.models import LedgerEntry, Payment
from apps.payments.psp import (
    Authorization,
    Psp,
    PspRefused,
    PspStatus,
    PspUnavailable,
    Snapshot,
    psp_named,
)
from apps.payments.services.observe import ASKS_PSP, record_snapshot
from apps.payments.states import State

logger = structlog.get_logger(__name__)

# A worker that took a payment and died is followed by another after this.
CLAIM: Final = timedelta(seconds=90)
LONGEST_WAIT: Final = timedelta(hours=1)


def settle_due_payments(*, now: datetime, limit: int = 500) -> dict[str, int]:
    """Ask for every payment whose time has come; returns counts by resulting state."""
    counts: Counter[str] = Counter()
    for payment_id in Payment.objects.due(now=now).values_list("pk", flat=True)[:limit]:
        try:
            state = settle_payment(payment_id=payment_id, now=now)
        except Exception:
            logger.exception("payment_set_aside", payment_id=str(payment_id))
            state = "SET_ASIDE"
        counts[state or "TAKEN_BY_ANOTHER"] += 1
    return dict(counts)


def settle_payment(*, payment_id: UUID, now: datetime) -> str | None:
    """Ask the PSP what this payment waits for; the state afterwards, None when it is not due.

    Killed anywhere, it is done again with the same idempotency key, which the PSP answers like
    the first time.
    """
    if not _claim(payment_id, now=now):
        return None
    payment = Payment.objects.get(pk=payment_id)
    try:
        snapshot = _ask(payment, psp_named(payment.psp), now=now)
    except PspUnavailable as error:
        _wait(payment, error.message, now=now)
    except PspRefused as error:
        _look_again(payment, error, now=now)
    else:
        if snapshot is not None:
            record_snapshot(payment_id=payment_id, snapshot=snapshot, now=now)
    return str(Payment.objects.values_list("state", flat=True).get(pk=payment_id))


def _claim(payment_id: UUID, *, now: datetime) -> bool:
    due = Payment.objects.filter(pk=payment_id, next_attempt_at__lte=now)
    return bool(due.update(next_attempt_at=now + CLAIM, attempts=F("attempts") + 1))


def _ask(payment: Payment, psp: Psp, *, now: datetime) -> Snapshot | None:
    if payment.psp_payment_id and payment.attempts > 1:
        # An earlier attempt may have been done without our hearing of it.
        seen = psp.read(psp_payment_id=payment.psp_payment_id, currency=payment.currency)
        if not _still_to_do(payment, seen):
            return seen
    return ASK.get(State(payment.state), _read)(payment, psp, now)


def _still_to_do(payment: Payment, seen: Snapshot) -> bool:
    if payment.state == State.CAPTURED:
        return seen.refunded < payment.refund_amount
    return seen.status in {PspStatus.AUTHORIZED, PspStatus.PENDING}


def _authorize(payment: Payment, psp: Psp, now: datetime) -> Snapshot:
    if payment.asked_at is None:
        Payment.objects.filter(pk=payment.pk).update(asked_at=now)
    return psp.authorize(
        Authorization(
            key=f"{payment.pk}:authorize",
            reference=payment.reference,
            amount=payment.authorized_amount,
            currency=payment.currency,
            payment_method=payment.payment_method,
            customer_reference=payment.customer_reference,
        )
    )


def _capture(payment: Payment, psp: Psp, now: datetime) -> Snapshot:
    assert payment.capture_amount is not None  # noqa: S101 - set with CAPTURE_PENDING
    return psp.capture(
        psp_payment_id=payment.psp_payment_id, amount=payment.capture_amount,
        currency=payment.currency, key=f"{payment.pk}:capture",
    )  # fmt: skip


def _release(payment: Payment, psp: Psp, now: datetime) -> Snapshot:
    if not payment.psp_payment_id:
        if payment.asked_at is None:
            return Snapshot(psp_payment_id="", status=PspStatus.RELEASED)
        # Only the PSP knows the id of what it may have blocked for us.
        asked = _authorize(payment, psp, now)
        record_snapshot(payment_id=payment.pk, snapshot=asked, now=now)
        if asked.status is not PspStatus.AUTHORIZED:
            return asked
        payment.psp_payment_id = asked.psp_payment_id
    return psp.release(
        psp_payment_id=payment.psp_payment_id, currency=payment.currency,
        key=f"{payment.pk}:release",
    )  # fmt: skip


def _refund_or_read(payment: Payment, psp: Psp, now: datetime) -> Snapshot:
    back = payment.refund_amount - payment.refunded_amount
    if back <= 0:
        return _read(payment, psp, now)
    return psp.refund(
        psp_payment_id=payment.psp_payment_id, amount=back, currency=payment.currency,
        key=f"{payment.pk}:refund:{payment.refund_amount}",
    )  # fmt: skip


def _read(payment: Payment, psp: Psp, now: datetime) -> Snapshot:
    return psp.read(psp_payment_id=payment.psp_payment_id, currency=payment.currency)


ASK: dict[State, Callable[[Payment, Psp, datetime], Snapshot]] = {
    State.PREAUTH_PENDING: _authorize,
    State.CAPTURE_PENDING: _capture,
    State.RELEASE_PENDING: _release,
    State.CAPTURED: _refund_or_read,
}


def _look_again(payment: Payment, error: PspRefused, *, now: datetime) -> None:
    """A refusal often means that it is done already, or that the amount is free again."""
    if not payment.psp_payment_id:
        refused = Snapshot("", PspStatus.DECLINED, failure_code=error.code,
                           failure_message=error.message)  # fmt: skip
        record_snapshot(payment_id=payment.pk, snapshot=refused, now=now)
        return
    try:
        seen = _read(payment, psp_named(payment.psp), now)
    except (PspUnavailable, PspRefused) as again:
        return _wait(payment, again.message, now=now)
    record_snapshot(payment_id=payment.pk, snapshot=seen, now=now)
    if Payment.objects.filter(pk=payment.pk, state=payment.state, state__in=ASKS_PSP).exists():
        _wait(payment, error.message, now=now)


def _wait(payment: Payment, message: str, *, now: datetime) -> None:
    """Ask again later, each time after twice the wait; staff see it in the ledger."""
    with transaction.atomic():
        wait = min(timedelta(seconds=5 * 2 ** min(payment.attempts, 12)), LONGEST_WAIT)
        LedgerEntry.objects.create(
            payment=payment, kind=LedgerEntry.Kind.ATTEMPT_FAILED, at=now, text=message
        )
        Payment.objects.filter(pk=payment.pk).update(next_attempt_at=now + wait)
