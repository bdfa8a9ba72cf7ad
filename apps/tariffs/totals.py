"""Sums up the lines of a session, within the limits of its tariffs (mod_cdrs, CDR.total_cost)."""

from typing import NamedTuple

from apps.tariffs.amounts import add_prices, in_currency, subtract_prices, sum_scaled
from apps.tariffs.hub_rounding import round_hub_prices
from apps.tariffs.limits import apply_limits
from apps.tariffs.notes import Note
from apps.tariffs.priced import LIMIT, ONE, Line
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.session import Price
from apps.tariffs.tariff import PreparedTariff


class Totals(NamedTuple):
    """The exact total, not rounded, within the limits, and the lines that it sums."""

    total: Price
    lines: list[Line]


def sum_up(
    lines: list[Line], tariffs: list[PreparedTariff], notes: list[Note], *, limited: bool
) -> Totals:
    """The total of the lines; `limited` says whether min_price and max_price bound it."""
    is_limited = False
    for tariff in tariffs:
        is_limited = is_limited or tariff.min_price is not None or tariff.max_price is not None
        if tariff.has_hub_rounding:
            lines = round_hub_prices(lines)
    total = in_currency(sum_scaled(lines))
    if limited and is_limited:
        return _limit(Totals(total, lines), tariffs, notes)
    return Totals(total, lines)


def _limit(sums: Totals, tariffs: list[PreparedTariff], notes: list[Note]) -> Totals:
    """The total within the limits; of several tariffs each bounds what was charged by it."""
    if len(tariffs) > 1:
        text = "The session has several tariffs: a limit bounds what was charged by its tariff."
        notes.append(Note("LIMITS_PER_TARIFF", text))
    total, lines = sums
    for tariff in tariffs:
        own = [line for line in sums.lines if line.tariff_id == tariff.id]
        share = total if len(tariffs) == 1 else in_currency(sum_scaled(own))
        limited = apply_limits(share, tariff, notes)
        if limited != share:
            change = subtract_prices(limited, share)
            total = limited if len(tariffs) == 1 else add_prices(total, change)
            lines = [*lines, _limit_line(change, tariff)]
    return Totals(total, lines)


def _limit_line(change: Price, tariff: PreparedTariff) -> Line:
    scaled = (None if side is None else side * SECONDS_PER_HOUR for side in change)
    return Line(0, None, LIMIT, "", ONE, ONE, tariff.id, None, *scaled)
