"""Blocking an amount before the charge."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.accounts.models import Account, Provider
from apps.audit import services as audit
from apps.audit.context import Actor
from apps.core.errors import InvalidInput
from apps.core.money import quantize
from apps.events.services import emit
from apps.payments import psp as psps
from apps.payments.models import LedgerEntry, Payment
from apps.payments.services.settle import settle_payment
from apps.payments.states import State


class AmountNotPositive(InvalidInput):
    """Nothing to block."""

    code = "PAYMENT_AMOUNT_NOT_POSITIVE"


def request_payment(
    *,
    provider: Provider,
    account: Account | None,
    reference: str,
    amount: Decimal,
    currency: str,
    payment_method: str,
    now: datetime,
    customer_reference: str = "",
    psp: str = "",
    actor: Actor | None = None,
) -> Payment:
    """Note the wish to block `amount`; `authorize_payment` then asks the PSP, after commit.

    The same `reference` gives the payment that is there. Raises AmountNotPositive,
    UnknownCurrency.
    """
    blocked = quantize(amount, currency)
    if blocked <= 0:
        raise AmountNotPositive("The amount to pre-authorize must be above zero.")
    with transaction.atomic():
        known = Payment.objects.select_for_update().filter(reference=reference).first()
        if known is not None:
            return known
        payment = Payment(
            provider=provider, account=account, reference=reference, authorized_amount=blocked,
            currency=currency, payment_method=payment_method, state_changed_at=now,
            customer_reference=customer_reference, psp=psp or psps.default_name(),
        )  # fmt: skip
        audit.record("asked for a pre-authorization", payment, actor=actor)
        LedgerEntry.objects.create(payment=payment, kind=LedgerEntry.Kind.PREAUTH_ASKED, at=now)
        emit(type="payment.created", aggregate=payment, provider_id=provider.pk, now=now)
        return payment


def authorize_payment(*, payment: Payment, now: datetime) -> Payment:
    """Ask the PSP now, outside of any transaction, and tell what became of it.

    When the PSP does not answer, the payment stays PREAUTH_PENDING and the job asks again.
    """
    Payment.objects.filter(pk=payment.pk, state=State.PREAUTH_PENDING).update(next_attempt_at=now)
    settle_payment(payment_id=payment.pk, now=now)
    payment.refresh_from_db()
    return payment
