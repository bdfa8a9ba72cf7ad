"""Our standard rates of today beside those of the package `eu-vat-rates-data`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import eu_vat_rates_data

from apps.vat.rates import RateBook


@dataclass(frozen=True, slots=True)
class Difference:
    """A country whose standard rate is another one here; None where a side knows none."""

    country: str
    ours: Decimal | None
    theirs: Decimal | None

    def __str__(self) -> str:
        return f"{self.country}: ours {_show(self.ours)}, theirs {_show(self.theirs)}"


def compare_rates(book: RateBook, on: date) -> list[Difference]:
    """Every country of our book whose standard rate differs; parts of countries are ours alone."""
    return [
        Difference(country, ours, theirs)
        for country, ours, theirs in _pairs(book, on)
        if ours != theirs
    ]


def _pairs(book: RateBook, on: date) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    for country in sorted({rate.territory for rate in book if "-" not in rate.territory}):
        rate = book.standard_rate(country, on)
        yield country, rate.rate if rate else None, _theirs(country)


def _theirs(country: str) -> Decimal | None:
    found = eu_vat_rates_data.get_rate(country)
    standard = found.get("standard") if found else None
    return None if standard is None else Decimal(str(standard))


def _show(rate: Decimal | None) -> str:
    return "none" if rate is None else f"{rate.normalize():f} %"
