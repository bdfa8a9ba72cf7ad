"""Dated VAT rates: a book that answers which rate a territory had on a day.

Rates are in per cent. A period runs from `valid_from` up to and without `valid_to`; a period
without `valid_to` still runs. The book never guesses: for a day that no period covers the
answer is None, and the decision is held.
"""

import csv
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

SHIPPED_RATES = Path(__file__).parent / "data" / "vat_rates.csv"


class RateKind(StrEnum):
    """What a rate is for: anything, or electricity given to vehicles where that has its own."""

    STANDARD = "standard"
    EV_CHARGING = "ev_charging"


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of one territory in one period, in per cent."""

    territory: str
    kind: RateKind
    rate: Decimal
    valid_from: date
    valid_to: date | None
    source: str
    note: str = ""

    def covers(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class PeriodFault:
    """Two neighbouring periods of one series that overlap or leave a gap."""

    earlier: Rate
    later: Rate

    @property
    def is_overlap(self) -> bool:
        return self.earlier.valid_to is None or self.earlier.valid_to > self.later.valid_from

    def __str__(self) -> str:
        what = "overlaps" if self.is_overlap else "leaves a gap before"
        return (
            f"{self.earlier.territory} {self.earlier.kind}: the period from "
            f"{self.earlier.valid_from} to {self.earlier.valid_to or 'now'} {what} "
            f"the one from {self.later.valid_from}"
        )


class RateBook:
    """All rates, by territory and kind; the newest period is looked at first."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        series: dict[tuple[str, RateKind], list[Rate]] = defaultdict(list)
        for rate in rates:
            series[rate.territory, rate.kind].append(rate)
        self._series = {
            key: tuple(sorted(periods, key=lambda period: period.valid_from, reverse=True))
            for key, periods in series.items()
        }

    def __iter__(self) -> Iterator[Rate]:
        return (rate for periods in self._series.values() for rate in periods)

    def rate(self, territory: str, kind: RateKind, on: date) -> Rate | None:
        """The rate of that kind on that day, or None where no period covers the day."""
        for period in self._series.get((territory, kind), ()):
            if period.covers(on):
                return period
        return None

    def charging_rate(self, territory: str, on: date) -> Rate | None:
        """The rate for charging where the territory has one on that day, else the standard one."""
        return self.rate(territory, RateKind.EV_CHARGING, on) or self.rate(
            territory, RateKind.STANDARD, on
        )

    def standard_rate(self, territory: str, on: date) -> Rate | None:
        return self.rate(territory, RateKind.STANDARD, on)

    def faults(self) -> list[PeriodFault]:
        """Every overlap and gap between neighbouring periods of a series."""
        return [
            PeriodFault(earlier=earlier, later=later)
            for periods in self._series.values()
            for later, earlier in itertools.pairwise(periods)
            if earlier.valid_to != later.valid_from
        ]

    @classmethod
    def shipped(cls) -> Self:
        """The book of the rates that come with the program; needs no database."""
        return cls(shipped_rates())


@cache
def shipped_rates() -> tuple[Rate, ...]:
    return tuple(read_rates(SHIPPED_RATES))


def read_rates(path: Path) -> Iterator[Rate]:
    """Read rates from CSV: territory, kind, rate, valid_from, valid_to_exclusive, source, note."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Rate(
                territory=row["territory"],
                kind=RateKind(row["kind"]),
                rate=Decimal(row["rate"]),
                valid_from=date.fromisoformat(row["valid_from"]),
                valid_to=_date_or_none(row["valid_to_exclusive"]),
                source=row["source"],
                note=row["note"],
            )


def _date_or_none(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
