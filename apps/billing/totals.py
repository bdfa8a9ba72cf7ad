"""The sums of an invoice as EN 16931 has them (BR-CO-10 to BR-CO-17, BR-S-08, BR-S-09).

Net per line is rounded half up to the currency's minor unit where the line is made; VAT is
computed once per (category, rate), on the sum of the lines; gross is net plus VAT.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from apps.core.money import ZERO, quantize, total
from apps.vat.amounts import VatLine, VatTotal, total_vat
from apps.vat.rules import Category


class TaxedAmount(Protocol):
    """A line: its net amount in minor units, its VAT category and its rate in per cent."""

    @property
    def net_amount(self) -> Decimal: ...
    @property
    def vat_category(self) -> str: ...
    @property
    def vat_rate(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one invoice in its currency."""

    net: Decimal
    vat: Decimal
    gross: Decimal
    per_rate: tuple[VatTotal, ...]


def total_up(lines: Iterable[TaxedAmount], *, currency: str) -> Totals:
    """The totals of the lines. Raises UnknownCurrency."""
    taxed = (VatLine(line.net_amount, Category(line.vat_category), line.vat_rate) for line in lines)
    per_rate = tuple(total_vat(taxed, currency))
    net = total((row.net for row in per_rate), currency)
    vat = total((row.vat for row in per_rate), currency)
    return Totals(net=net, vat=vat, gross=net + vat, per_rate=per_rate)


@dataclass(frozen=True, slots=True)
class Turnover:
    """What a run or a list of invoices comes to in one currency."""

    invoices: int = 0
    lines: int = 0
    net: Decimal = ZERO
    vat: Decimal = ZERO
    gross: Decimal = ZERO

    def __add__(self, other: "Turnover") -> "Turnover":
        return Turnover(
            self.invoices + other.invoices,
            self.lines + other.lines,
            self.net + other.net,
            self.vat + other.vat,
            self.gross + other.gross,
        )

    def in_minor_units(self, currency: str) -> "Turnover":
        """Quantized: SQLite adds in binary floating point."""
        return Turnover(
            self.invoices,
            self.lines,
            quantize(self.net, currency),
            quantize(self.vat, currency),
            quantize(self.gross, currency),
        )

    def as_json(self) -> dict[str, int | str]:
        return {
            "invoices": self.invoices,
            "lines": self.lines,
            "net": str(self.net),
            "vat": str(self.vat),
            "gross": str(self.gross),
        }
