"""Sums of amounts on both sides of the tax.

Within the engine amounts are held in 3600ths of the currency: hours then need no division, and
sums are exact. A side that any summand doesn't know is not known. OCPI leaves the rounding of
prices open (mod_tariffs, Tariff, first note); numbers have four decimals (types, number).
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from apps.tariffs.session import Price, make_price

SCALE = Decimal(3600)
ZERO = Decimal(0)
FREE = Price(ZERO, ZERO)
FREE_WITHOUT_VAT = Price(ZERO, None)
FOUR_DECIMALS = Decimal("0.0001")


class Scaled(Protocol):
    """Something that costs `net` and `gross` 3600ths of the currency."""

    @property
    def net(self) -> Decimal | None: ...
    @property
    def gross(self) -> Decimal | None: ...


def sum_scaled(summands: Iterable[Scaled]) -> Price:
    """The sum, in 3600ths of the currency."""
    net: Decimal | None = ZERO
    gross: Decimal | None = ZERO
    for summand in summands:
        more_net, more_gross = summand.net, summand.gross
        net = None if net is None or more_net is None else net + more_net
        gross = None if gross is None or more_gross is None else gross + more_gross
    return make_price((net, gross))


def in_currency(scaled: Price) -> Price:
    """3600ths as an amount."""
    net, gross = scaled
    return make_price(
        (None if net is None else net / SCALE, None if gross is None else gross / SCALE)
    )


def add_prices(one: Price, other: Price) -> Price:
    """The sum, side by side."""
    net = None if one[0] is None or other[0] is None else one[0] + other[0]
    gross = None if one[1] is None or other[1] is None else one[1] + other[1]
    return make_price((net, gross))


def subtract_prices(one: Price, other: Price) -> Price:
    """One less the other, side by side."""
    net = None if one[0] is None or other[0] is None else one[0] - other[0]
    gross = None if one[1] is None or other[1] is None else one[1] - other[1]
    return make_price((net, gross))


def negate_price(price: Price) -> Price:
    """The same amounts the other way."""
    return Price(*(None if side is None else -side for side in price))


def round_amount(amount: Decimal) -> Decimal:
    """To four decimals, half up (away from zero): the engine's only rounding of totals."""
    return amount.quantize(FOUR_DECIMALS, ROUND_HALF_UP)


def round_price(price: Price) -> Price:
    """Both sides to four decimals."""
    net, gross = price
    return make_price(
        (None if net is None else round_amount(net), None if gross is None else round_amount(gross))
    )
