"""Sums the charges of a session into lines, parts and a total."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from apps.tariffs.hub_rounding import round_hub_prices
from apps.tariffs.limits import apply_limits
from apps.tariffs.metering import Charge
from apps.tariffs.notes import Note
from apps.tariffs.priced import LIMIT, Line
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.session import PARTS, Price
from apps.tariffs.tariff import PreparedTariff

ZERO = Decimal(0)
ONE = Decimal(1)
NO_COMPONENT = "no element with a price for it applied: free"
NO_TARIFF = "no tariff is relevant in this period: free"


class Totals(NamedTuple):
    """Exact sums, not rounded; the limits are in `total`, not in the parts."""

    total: Price
    parts: dict[str, Price | None]
    lines: list[Line]


def price_charges(charges: list[Charge], *, gross_known: bool) -> None:
    """Sets net and gross of each charge, in 3600ths of the currency."""
    free_gross = ZERO if gross_known else None
    for charge in charges:
        component = charge.component
        if component is None:
            charge.gross = free_gross
            continue
        net_rate, gross_rate = component.net_rate, component.gross_rate
        net = None if net_rate is None else net_rate * charge.billed
        charge.net = net
        if gross_rate is net_rate:
            charge.gross = net
        else:
            charge.gross = None if gross_rate is None else gross_rate * charge.billed


def sum_up(
    charges: list[Charge],
    tariffs: list[PreparedTariff],
    notes: list[Note],
    *,
    gross_known: bool,
    limited: bool,
) -> Totals:
    """Lines, parts and total of priced charges."""
    if any(tariff.has_hub_rounding for tariff in tariffs):
        round_hub_prices(charges)
    lines = [make_line(charge) for charge in charges]
    total = sum_sides(charges, gross_known=gross_known)
    if limited and any(tariff.min_price or tariff.max_price for tariff in tariffs):
        total = _limit(total, charges, tariffs, lines, notes, gross_known=gross_known)
    return Totals(total, sum_parts(charges, gross_known=gross_known), lines)


def make_line(charge: Charge) -> Line:
    """The line of a charge."""
    component, period, net, gross = charge.component, charge.period, charge.net, charge.gross
    excl = _in_currency(net)
    incl = excl if gross is net else _in_currency(gross)
    if component is None:
        tariff = charge.tariff
        name, why = (tariff.id, NO_COMPONENT) if tariff is not None else ("", NO_TARIFF)
        return Line(
            period.number, period.start, charge.dimension, charge.part, charge.volume,
            charge.billed, name, None, None, None, 0, why, excl, incl,
        )  # fmt: skip
    return Line(
        period.number, period.start, charge.dimension, charge.part, charge.volume, charge.billed,
        component.tariff_id, component.element, component.price, component.vat,
        component.step_size, component.why, excl, incl,
    )  # fmt: skip


def sum_sides(charges: Iterable[Charge], *, gross_known: bool) -> Price:
    """Both sides of the charges together; a side that one of them doesn't know is None."""
    net: Decimal | None = ZERO
    gross: Decimal | None = ZERO if gross_known else None
    for charge in charges:
        net = None if net is None or charge.net is None else net + charge.net
        gross = None if gross is None or charge.gross is None else gross + charge.gross
    return Price(_in_currency(net), _in_currency(gross))


def _in_currency(scaled: Decimal | None) -> Decimal | None:
    return None if scaled is None else scaled / SECONDS_PER_HOUR


def sum_parts(charges: list[Charge], *, gross_known: bool) -> dict[str, Price | None]:
    """The parts that CDRs have (mod_cdrs, total_*_cost); None where the session has no charge."""
    by_part: dict[str, list[Charge]] = {}
    for charge in charges:
        by_part.setdefault(charge.part, []).append(charge)
    return {
        name: sum_sides(by_part[name], gross_known=gross_known) if name in by_part else None
        for name in PARTS
    }


def _limit(
    total: Price,
    charges: list[Charge],
    tariffs: list[PreparedTariff],
    lines: list[Line],
    notes: list[Note],
    *,
    gross_known: bool,
) -> Price:
    """The total within the limits; of several tariffs each bounds what was charged by it."""
    if len(tariffs) == 1:
        limited = apply_limits(total, tariffs[0], notes)
        _add_limit_line(total, limited, tariffs[0], lines)
        return limited
    text = "Several tariffs have limits: each bounds what was charged by it."
    notes.append(Note("LIMITS_PER_TARIFF", text))
    for tariff in tariffs:
        own = [charge for charge in charges if charge.tariff is tariff]
        share = sum_sides(own, gross_known=gross_known)
        limited = apply_limits(share, tariff, notes)
        _add_limit_line(share, limited, tariff, lines)
        total = _plus(total, _minus(limited, share))
    return total


def _add_limit_line(before: Price, after: Price, tariff: PreparedTariff, lines: list[Line]) -> None:
    if before == after:
        return
    change = _minus(after, before)
    why = "the total is moved to the tariff's min_price or max_price"
    line = Line(
        0, None, LIMIT, "", ONE, ONE, tariff.id, None, None, None, 0, why, *change
    )  # fmt: skip
    lines.append(line)


def _minus(one: Price, other: Price) -> Price:
    return Price(*(_subtract(a, b) for a, b in zip(one, other, strict=True)))


def _plus(one: Price, other: Price) -> Price:
    return Price(
        *(None if a is None or b is None else a + b for a, b in zip(one, other, strict=True))
    )


def _subtract(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other
