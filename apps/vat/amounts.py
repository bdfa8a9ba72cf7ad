"""Amounts under a decision: net rounded once, VAT once per category and rate (EN 16931).

Net per line is rounded half up to the currency's minor unit (BR-DEC), the VAT of a group of
lines is computed on the sum of their nets (BR-CO-17), and gross is net plus VAT (BR-CO-15).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.core.money import quantize
from apps.vat.rules import Category

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class VatLine:
    """A net amount, not yet rounded, under a category and a rate in per cent."""

    net: Decimal
    category: Category
    rate: Decimal


@dataclass(frozen=True, slots=True)
class VatTotal:
    """The sum of all lines of one category and rate, in the currency's minor unit."""

    category: Category
    rate: Decimal
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


def total_vat(lines: Iterable[VatLine], currency: str) -> list[VatTotal]:
    """The totals per category and rate, highest rate first. Raises UnknownCurrency."""
    nets: dict[tuple[Category, Decimal], Decimal] = defaultdict(Decimal)
    for line in lines:
        nets[line.category, line.rate] += quantize(line.net, currency)
    return [
        VatTotal(category, rate, net, vat_on(net, rate, currency))
        for (category, rate), net in sorted(nets.items(), key=lambda item: -item[0][1])
    ]


def vat_on(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The VAT on a net amount at a rate in per cent, rounded half up. Raises UnknownCurrency."""
    return quantize(net * rate / _HUNDRED, currency)
