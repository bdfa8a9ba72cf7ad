"""The card that a driver used before."""

from dataclasses import dataclass

from apps.accounts.models import Account
from apps.payments.models import Payment
from apps.payments.states import State


@dataclass(frozen=True, slots=True)
class Card:
    """The PSP's tokens of a card or wallet, and of the driver it belongs to."""

    payment_method: str
    customer_reference: str


def last_card(*, account: Account, psp: str) -> Card | None:
    """The card of the account's newest payment that blocked an amount; None without one."""
    payments = Payment.objects.filter(account=account, psp=psp).exclude(payment_method="")
    worked = payments.exclude(state__in=[State.PREAUTH_PENDING, State.PREAUTH_FAILED])
    found = worked.order_by("-id").values_list("payment_method", "customer_reference").first()
    return Card(*found) if found else None
