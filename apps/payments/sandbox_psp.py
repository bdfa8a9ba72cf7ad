"""A PSP that lives in our own database: for the demo, trials and tests.

It behaves like a real one: it acts once per idempotency key, keeps its own book, and answers by
the payment method: `sandbox_declined` declines, anything else is accepted.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone

from apps.payments.models import SandboxAnswer, SandboxPayment
from apps.payments.psp import Authorization, PspRefused, PspStatus, Snapshot

DECLINED_METHOD: Final = "sandbox_declined"
AUTHORIZED_FOR: Final = timedelta(days=7)


class SandboxPsp:
    """See the module."""

    name = "sandbox"

    def authorize(self, order: Authorization) -> Snapshot:
        declined = order.payment_method == DECLINED_METHOD
        status = PspStatus.DECLINED if declined else PspStatus.AUTHORIZED

        def act() -> SandboxPayment:
            return SandboxPayment.objects.create(
                status=status, currency=order.currency, amount=order.amount
            )

        return _once(order.key, act)

    def capture(self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str) -> Snapshot:
        def act() -> SandboxPayment:
            payment = _locked(psp_payment_id, needs=PspStatus.AUTHORIZED)
            if amount > payment.amount:
                raise PspRefused("More than the authorized amount can't be captured.")
            payment.status, payment.captured = PspStatus.CAPTURED, amount
            payment.captures += 1
            payment.save()
            return payment

        return _once(key, act)

    def release(self, *, psp_payment_id: str, currency: str, key: str) -> Snapshot:
        def act() -> SandboxPayment:
            payment = _locked(psp_payment_id, needs=PspStatus.AUTHORIZED)
            payment.status = PspStatus.RELEASED
            payment.save()
            return payment

        return _once(key, act)

    def refund(self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str) -> Snapshot:
        def act() -> SandboxPayment:
            payment = _locked(psp_payment_id, needs=PspStatus.CAPTURED)
            if payment.refunded + amount > payment.captured:
                raise PspRefused("More than the captured amount can't be refunded.")
            payment.refunded += amount
            payment.save()
            return payment

        return _once(key, act)

    def read(self, *, psp_payment_id: str, currency: str) -> Snapshot:
        return _snapshot(SandboxPayment.objects.get(pk=psp_payment_id))


def _once(key: str, act: Callable[[], SandboxPayment]) -> Snapshot:
    with transaction.atomic():
        known = SandboxAnswer.objects.select_related("payment").filter(key=key).first()
        if known is not None:
            return _snapshot(known.payment)
        payment = act()
        SandboxAnswer.objects.create(key=key, payment=payment)
    return _snapshot(payment)


def _locked(psp_payment_id: str, *, needs: PspStatus) -> SandboxPayment:
    payment = SandboxPayment.objects.select_for_update().get(pk=psp_payment_id)
    if payment.status != needs:
        raise PspRefused(f"The payment is {payment.status}, not {needs}.")
    return payment


def _snapshot(payment: SandboxPayment) -> Snapshot:
    declined = payment.status == PspStatus.DECLINED
    return Snapshot(
        psp_payment_id=str(payment.pk),
        status=PspStatus(payment.status),
        captured=payment.captured,
        refunded=payment.refunded,
        authorized_until=(payment.created_at or timezone.now()) + AUTHORIZED_FOR,
        failure_code="card_declined" if declined else "",
        failure_message="The card was declined." if declined else "",
    )
