"""What the driver pays for a charge, before VAT; and where that price comes from.

In this order: the retail cost that was computed for the charge, the provider's net retail price
per kWh, the cost that staff reviewed, the operator's cost excluding VAT as sent. With none of
them the charge is held. A credit takes back what the charge it refers to costs the driver.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from apps.billing.held import Held
from apps.core.money import CURRENCIES, quantize


class Basis(StrEnum):
    """Where a price comes from."""

    RETAIL = "RETAIL"
    RETAIL_PER_KWH = "RETAIL_PER_KWH"
    REVIEWED_COST = "REVIEWED_COST"
    COST_AS_SENT = "COST_AS_SENT"


class Identity(NamedTuple):
    """A CDR's identity in capitals, because it is compared without case."""

    country_code: str
    party_id: str
    cdr_id: str

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.cdr_id}"


@dataclass(frozen=True, slots=True)
class Chargeable:
    """What the price of a charge depends on; amounts exclude VAT, energy is in kWh.

    `takes_back` is the charge that a credit refers to.
    """

    id: UUID
    identity: Identity
    currency: str
    kwh: Decimal
    cost: Decimal | None = None
    reviewed_cost: Decimal | None = None
    retail_cost: Decimal | None = None
    is_credit: bool = False
    takes_back: Identity | None = None


@dataclass(frozen=True, slots=True)
class RetailPrice:
    """A provider's net price per kWh; none where the operator's cost is passed on."""

    currency: str
    per_kwh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A net amount in minor units; `per_kwh` where it was made from a price per kWh."""

    amount: Decimal
    currency: str
    basis: Basis
    per_kwh: Decimal | None = None


def price_charge(charge: Chargeable, *, retail: RetailPrice) -> Price:
    """The price of a charge that is no credit. Raises Held."""
    if charge.kwh < 0:
        raise Held("NEGATIVE_ENERGY", f"The energy is negative: {charge.kwh:f} kWh.")
    price = _price(charge, retail)
    if price.amount < 0:
        raise Held(
            "NEGATIVE_AMOUNT",
            f"The amount is negative ({price.amount} {price.currency}), and the CDR is no credit.",
        )
    return price


def price_all(charges: Iterable[Chargeable], *, retail: RetailPrice) -> dict[UUID, "Price | Held"]:
    """The price of each charge, or why it has none.

    A credit and what it takes back stand on one invoice, or are held together; `Held` is given
    back instead of raised, because one charge must not stop the others.
    """
    known = list(charges)
    prices: dict[UUID, Price | Held] = {
        charge.id: _try(charge, retail) for charge in known if not charge.is_credit
    }
    originals = {charge.identity: charge for charge in known if not charge.is_credit}
    for credit in (charge for charge in known if charge.is_credit):
        original = originals.get(credit.takes_back) if credit.takes_back else None
        prices[credit.id] = _credit_or_held(credit, original, prices)
        if original and isinstance(prices[credit.id], Held):
            prices[original.id] = _wait_for(credit, prices[original.id])
    return prices


def _try(charge: Chargeable, retail: RetailPrice) -> "Price | Held":
    try:
        return price_charge(charge, retail=retail)
    except Held as held:
        return held


def _price(charge: Chargeable, retail: RetailPrice) -> Price:
    if charge.retail_cost is not None:
        return _priced(charge.retail_cost, charge.currency or retail.currency, Basis.RETAIL)
    if retail.per_kwh is not None:
        return _priced(
            retail.per_kwh * charge.kwh, retail.currency, Basis.RETAIL_PER_KWH, retail.per_kwh
        )
    if charge.reviewed_cost is not None:
        return _priced(charge.reviewed_cost, charge.currency, Basis.REVIEWED_COST)
    if charge.cost is not None:
        return _priced(charge.cost, charge.currency, Basis.COST_AS_SENT)
    raise Held(
        "PRICE_MISSING",
        "There is no price: the provider has no retail price per kWh, and the operator sent "
        "no cost excluding VAT.",
    )


def _priced(amount: Decimal, currency: str, basis: Basis, per_kwh: Decimal | None = None) -> Price:
    if currency not in CURRENCIES:
        raise Held("CURRENCY_UNKNOWN", f"The currency {currency or '(none)'} is not known.")
    return Price(quantize(amount, currency), currency, basis, per_kwh)


def _credit_or_held(
    credit: Chargeable, original: Chargeable | None, prices: Mapping[UUID, "Price | Held"]
) -> "Price | Held":
    try:
        return _credit(credit, original, prices)
    except Held as held:
        return held


def _credit(
    credit: Chargeable, original: Chargeable | None, prices: Mapping[UUID, "Price | Held"]
) -> Price:
    if original is None:
        raise Held(
            "CREDIT_WITHOUT_CHARGE",
            f"The charge it takes back ({credit.takes_back or 'not named'}) is not there to be "
            "billed with it: not accepted, or billed already, which needs a credit note.",
        )
    if credit.cost is None or credit.cost >= 0:
        raise Held("CREDIT_NOT_NEGATIVE", "A credit must carry a negative cost excluding VAT.")
    price = prices[original.id]
    if isinstance(price, Held):
        raise Held("CREDIT_OF_HELD_CHARGE", f"The charge it takes back is held: {price.message}")
    return _taken_back(credit, original, price)


def _taken_back(credit: Chargeable, original: Chargeable, price: Price) -> Price:
    """All of the charge, or the part that the credit names where the driver pays the cost."""
    assert credit.cost is not None  # noqa: S101 - _credit() made sure
    if original.cost is not None and credit.cost == -original.cost:
        return Price(-price.amount, price.currency, price.basis, price.per_kwh)
    if price.basis is not Basis.COST_AS_SENT or credit.currency != price.currency:
        raise Held(
            "CREDIT_IN_PART",
            "It takes back a part of the operator's cost; what the driver gets back is to be "
            "decided, because the driver pays another price.",
        )
    if -credit.cost > (original.cost or 0):
        raise Held("CREDIT_TOO_LARGE", "It takes back more than the charge cost.")
    return _priced(credit.cost, credit.currency, Basis.COST_AS_SENT)


def _wait_for(credit: Chargeable, found: "Price | Held") -> "Price | Held":
    if isinstance(found, Held):
        return found
    return Held(
        "CREDIT_UNSETTLED", f"It is taken back by {credit.identity}, which is not settled yet."
    )
