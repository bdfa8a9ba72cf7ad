"""A priced CDR: what it costs by its tariff, line by line, and how that compares to what was sent.

Amounts are `Decimal`s in the CDR's currency; None stands where a side of the tax is not known.
"""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from apps.tariffs.amounts import SCALE, in_currency, round_amount, sum_scaled
from apps.tariffs.notes import Notes
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.session import ENERGY, FLAT, PARTS, Price
from apps.tariffs.tariff import Component

ONE = Decimal(1)
LIMIT = "LIMIT"
WHY_LIMITED = "the total is moved to the tariff's min_price or max_price"
WHY_FREE = "no element with a price for it applied: free"
WHY_NO_TARIFF = "no tariff is relevant in this period: free"


class Line(NamedTuple):
    """One volume and what it costs.

    Volumes are kWh, seconds, or 1 for a flat fee; `period` is 0 and `start` None for what belongs
    to the whole session (a limit). `component` is None where none applied: it is free;
    `tariff_id` is None where no tariff is relevant. `net` and `gross` are 3600ths of the currency.
    """

    period: int
    start: datetime | None
    dimension: str
    part: str
    volume: Decimal
    billed_volume: Decimal
    tariff_id: str | None
    component: Component | None
    net: Decimal | None
    gross: Decimal | None

    def billed_as(self, volume: Decimal) -> "Line":
        """The same line with another billed volume, and what that costs."""
        if self.component is None:
            return self
        return Line(*self[:5], volume, *self[6:8], *cost_of(self.component, volume))

    @property
    def excl_vat(self) -> Decimal | None:
        """The cost without tax, not rounded."""
        return None if self.net is None else self.net / SCALE

    @property
    def incl_vat(self) -> Decimal | None:
        """The cost with tax, not rounded."""
        return None if self.gross is None else self.gross / SCALE

    @property
    def why(self) -> str:
        """Which element applied, and by which restrictions."""
        if self.component is not None:
            return self.component.why
        if self.dimension == LIMIT:
            return WHY_LIMITED
        return WHY_NO_TARIFF if self.tariff_id is None else WHY_FREE

    @property
    def unit(self) -> str:
        """kWh, h, or an empty text for what has no unit."""
        if self.dimension == ENERGY:
            return "kWh"
        return "" if self.dimension in (FLAT, LIMIT) else "h"

    def as_json(self) -> dict[str, Any]:
        """The line as the API and the command show it; times in hours."""
        per_unit = SECONDS_PER_HOUR if self.unit == "h" else 1
        priced = self.component
        return {
            "period": self.period or None,
            "start_date_time": self.start and f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "dimension": self.dimension,
            "part": self.part or None,
            "volume": show(self.volume / per_unit),
            "billed_volume": show(self.billed_volume / per_unit),
            "unit": self.unit or None,
            "tariff_id": self.tariff_id,
            "element": priced and priced.element,
            "price": show_rate(priced.price if priced else None),
            "vat": show_rate(priced.vat if priced else None),
            "step_size": priced and priced.step_size,
            "why": self.why,
            "excl_vat": show(self.excl_vat),
            "incl_vat": show(self.incl_vat),
        }


def cost_of(component: Component, volume: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """What a volume costs without and with tax, in 3600ths of the currency."""
    net_rate, gross_rate = component.net_rate, component.gross_rate
    net = None if net_rate is None else net_rate * volume
    if gross_rate is net_rate:
        return net, net
    return net, None if gross_rate is None else gross_rate * volume


# From a tuple of all values, at half of what the class itself takes.
make_line = partial(tuple.__new__, Line)


class PricedCdr(NamedTuple):
    """The price of a CDR with its explanation.

    `total` has four decimals, rounded half up from the exact sum. `difference` is the sent total
    less ours (what the operator asks beyond the tariff), None when the sent one is missing or not
    significant; `differences` the same per part that was sent.
    """

    id: str
    currency: str
    total: Price
    lines: tuple[Line, ...]
    notes: Notes
    sent_total: Price | None
    difference: Price | None
    differences: dict[str, Price]
    time_zone: str

    @property
    def parts(self) -> dict[str, Price | None]:
        """The exact costs by part; None where the session has nothing of it."""
        return sum_parts(self.lines)

    @property
    def explanation(self) -> tuple[str, ...]:
        """How the price came about and why it differs, in sentences."""
        return tuple([note.text for note in self.notes])

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all notes, for rules that react to an assumption."""
        return frozenset(note.code for note in self.notes)

    def as_json(self) -> dict[str, Any]:
        """The value for JSON: amounts as texts with four decimals."""
        parts = self.parts
        return {
            "id": self.id,
            "currency": self.currency,
            "total_cost": show_price(self.total),
            **{name: show_price(parts[name]) for name in PARTS},
            "lines": [line.as_json() for line in self.lines],
            "sent_total_cost": show_price(self.sent_total),
            "difference": show_price(self.difference),
            "differences": {name: show_price(price) for name, price in self.differences.items()},
            "explanation": list(self.explanation),
            "notes": [note.code for note in self.notes],
            "time_zone": self.time_zone,
        }


make_priced = partial(tuple.__new__, PricedCdr)


def sum_parts(lines: tuple[Line, ...] | list[Line]) -> dict[str, Price | None]:
    """The parts that CDRs have (mod_cdrs, total_*_cost), exactly; None for those without a line."""
    by_part: dict[str, list[Line]] = {}
    for line in lines:
        by_part.setdefault(line.part, []).append(line)
    return {
        name: in_currency(sum_scaled(by_part[name])) if name in by_part else None for name in PARTS
    }


def show(amount: Decimal | None) -> str | None:
    """An amount or volume as a text with four decimals; zero has no sign."""
    if amount is None:
        return None
    return f"{round_amount(amount) + 0:f}"


def show_rate(number: Decimal | None) -> str | None:
    """A price or percentage as a text, with the digits it was sent with."""
    return None if number is None else f"{number:f}"


def show_price(price: Price | None) -> dict[str, str | None] | None:
    """Both sides of an amount for JSON."""
    if price is None:
        return None
    return {"excl_vat": show(price.excl_vat), "incl_vat": show(price.incl_vat)}
