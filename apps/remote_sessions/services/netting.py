"""The net price of a charge less what credits take back, as billing nets them on one invoice."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from apps.billing.charges import chargeable_of
from apps.billing.held import Held
from apps.billing.prices import Chargeable, Price, RetailPrice, price_all, price_charge
from apps.cdrs.models import CDR

# Why a credit can't be netted out, and what staff do about it.
NEEDS_PERSON: Final = frozenset({"CREDIT_IN_PART", "CREDIT_TOO_LARGE"})
WHAT_TO_DO: Final = (
    "OCPI knows only credits of a whole CDR: reject this one, and ask the operator to take the CDR "
    "back as a whole and to send a corrected one."
)


def price_with_credits(charge: Chargeable, credits: Sequence[CDR], *, retail: RetailPrice) -> Price:
    """What is left of the price when the credits are taken off.

    Raises Held while a person has to decide, or a corrected CDR is awaited.
    """
    if not credits:
        return price_charge(charge, retail=retail)
    names = ", ".join(credit.cdr_id for credit in credits)
    _require_reviewed(credits)
    prices = price_all([charge, *map(chargeable_of, credits)], retail=retail)
    for credit in credits:
        if isinstance(held := prices[credit.pk], Held):
            advice = f" {WHAT_TO_DO}" if held.code in NEEDS_PERSON else ""
            raise Held(held.code, f"Credit CDR {credit.cdr_id}: {held.message}{advice}")
    own = price_charge(charge, retail=retail)
    amounts = [price.amount for price in prices.values() if isinstance(price, Price)]
    left = sum(amounts, Decimal(0))
    if left < 0:
        raise Held("CREDIT_TOO_LARGE", f"Together {names} take back more than the charge costs.")
    if left == 0:
        raise taken_back(names)
    return Price(left, own.currency, own.basis)


def taken_back(credits: str) -> Held:
    """Nothing is left of the CDR; the next one counts."""
    return Held(
        "CDR_TAKEN_BACK",
        f"The operator took the CDR back with credit CDR {credits}; its corrected CDR is "
        "awaited. Reject the credit CDR to capture all the same.",
    )


def _require_reviewed(credits: Sequence[CDR]) -> None:
    for credit in credits:
        if credit.is_held:
            why = " ".join(reason["message"] for reason in credit.hold_reasons)
            raise Held("CREDIT_HELD", f"Credit CDR {credit.cdr_id} is held for a person: {why}")
