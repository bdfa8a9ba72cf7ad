"""A priced CDR: what it costs by its tariff, line by line, and how that compares to what was sent.

Amounts are `Decimal`s in the CDR's currency; None stands where a side of the tax is not known.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from apps.tariffs.notes import Notes
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.session import ENERGY, FLAT, PARTS, Price

FOUR_DECIMALS = Decimal("0.0001")
LIMIT = "LIMIT"


class Line(NamedTuple):
    """One volume and what it costs.

    Volumes are kWh, seconds, or 1 for a flat fee; `period` is 0 and `start` None for what belongs
    to the whole session (a limit). `element` is None where no component applied: it is free.
    """

    period: int
    start: datetime | None
    dimension: str
    part: str
    volume: Decimal
    billed_volume: Decimal
    tariff_id: str
    element: int | None
    price: Decimal | None
    vat: Decimal | None
    step_size: int
    why: str
    excl_vat: Decimal | None
    incl_vat: Decimal | None

    @property
    def unit(self) -> str:
        """kWh, h, or an empty text for what has no unit."""
        if self.dimension == ENERGY:
            return "kWh"
        return "" if self.dimension in (FLAT, LIMIT) else "h"

    def as_json(self) -> dict[str, Any]:
        """The line as the API and the command show it; times in hours."""
        per_unit = SECONDS_PER_HOUR if self.unit == "h" else 1
        return {
            "period": self.period or None,
            "start_date_time": self.start and f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "dimension": self.dimension,
            "part": self.part or None,
            "volume": show(self.volume / per_unit),
            "billed_volume": show(self.billed_volume / per_unit),
            "unit": self.unit or None,
            "tariff_id": self.tariff_id or None,
            "element": self.element,
            "price": show_rate(self.price),
            "vat": show_rate(self.vat),
            "step_size": self.step_size or None,
            "why": self.why,
            "excl_vat": show(self.excl_vat),
            "incl_vat": show(self.incl_vat),
        }


class PricedCdr(NamedTuple):
    """The price of a CDR with its explanation.

    `total` and `parts` have four decimals, rounded half up from exact sums; a part is None when
    the session has nothing of it. `difference` is the sent total less ours (what the operator
    asks beyond the tariff), None when the sent one is missing or not significant; `differences`
    the same per part that was sent.
    """

    id: str
    currency: str
    total: Price
    parts: dict[str, Price | None]
    lines: tuple[Line, ...]
    notes: Notes
    sent_total: Price | None
    difference: Price | None
    differences: dict[str, Price]
    time_zone: str

    @property
    def explanation(self) -> tuple[str, ...]:
        """How the price came about and why it differs, in sentences."""
        return tuple(note.text for note in self.notes)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all notes, for rules that react to an assumption."""
        return frozenset(note.code for note in self.notes)

    def as_json(self) -> dict[str, Any]:
        """The value for JSON: amounts as texts with four decimals."""
        return {
            "id": self.id,
            "currency": self.currency,
            "total_cost": show_price(self.total),
            **{name: show_price(self.parts[name]) for name in PARTS},
            "lines": [line.as_json() for line in self.lines],
            "sent_total_cost": show_price(self.sent_total),
            "difference": show_price(self.difference),
            "differences": {name: show_price(price) for name, price in self.differences.items()},
            "explanation": list(self.explanation),
            "notes": [note.code for note in self.notes],
            "time_zone": self.time_zone,
        }


def round_amount(amount: Decimal) -> Decimal:
    """To four decimals, half up (away from zero): the engine's only rounding of totals."""
    return amount.quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP)


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
