"""A picture of a tariff over the day and the week: SVG, made on the server, prints too. Pure."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from itertools import groupby
from typing import Final

from apps.tariffs.preview import Imagined, price_imagined
from apps.tariffs.tariff import PreparedTariff

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY: Final = datetime(2026, 4, 13, tzinfo=UTC)
# From cheap to dear; told apart also without colour, because each cell has its amount.
COLOURS: Final = ("#d1fae5", "#a7f3d0", "#fde68a", "#fdba74", "#fca5a5")
INK: Final = "#1f2937"
CELL_WIDTH, CELL_HEIGHT, LEFT, TOP = 24, 26, 38, 64
# Narrower runs of hours have their amount in the title only.
HOURS_OF_AMOUNT: Final = 2


def week_of_prices(tariff: PreparedTariff, *, kw: Decimal = Decimal(11)) -> list[list[Decimal]]:
    """What an hour of charging costs that starts at each full hour of each day, to the cent.

    Including tax where that is known, else excluding it.
    """
    if not tariff.needs_local_time:
        return [[_hour_price(tariff, MONDAY, kw)] * 24] * 7
    return [
        [_hour_price(tariff, MONDAY + timedelta(days=day, hours=hour), kw) for hour in range(24)]
        for day in range(7)
    ]


def _hour_price(tariff: PreparedTariff, start: datetime, kw: Decimal) -> Decimal:
    hour = Imagined(name="an hour", start=start, charging_minutes=60, kwh=kw, kw=kw)
    total = price_imagined(tariff, hour, slice_minutes=15).total
    amount = total.incl_vat if total.incl_vat is not None else total.excl_vat
    return (amount or Decimal(0)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def draw_week(tariff: PreparedTariff, *, kw: Decimal = Decimal(11)) -> str:
    """The week as an SVG of hours by days, coloured from cheap to dear; hours of one price stand
    together with their amount."""
    week = week_of_prices(tariff, kw=kw)
    prices = sorted({price for day in week for price in day})
    title = f"One hour of charging at {kw.normalize():f} kW, by its start, in {tariff.currency}"
    low, high = f"{prices[0]:.2f}", f"{prices[-1]:.2f}"
    told = f"{low} at any time" if low == high else f"from {low} to {high} {tariff.currency}"
    width, height = LEFT + 24 * CELL_WIDTH, TOP + 7 * CELL_HEIGHT + 4
    days = "".join(_draw_day(day, row, prices) for day, row in enumerate(week))
    hours = "".join(
        f'<text x="{LEFT + hour * CELL_WIDTH}" y="{TOP - 8}">{hour:02}</text>'
        for hour in range(0, 24, 3)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="week-title week-desc" font-family="sans-serif" font-size="13" '
        f'fill="currentColor" class="tariff-week">'
        f'<title id="week-title">{escape(title)}</title><desc id="week-desc">{escape(told)}</desc>'
        f'<text x="0" y="14">{escape(title)}:</text>'
        f'<text x="0" y="32" font-weight="600">{escape(told)}</text>{hours}{days}</svg>'
    )


def _draw_day(day: int, row: list[Decimal], prices: list[Decimal]) -> str:
    y = TOP + day * CELL_HEIGHT
    parts = [f'<text x="0" y="{y + 18}">{DAYS[day]}</text>']
    start = 0
    for price, run in groupby(row):
        hours = len(list(run))
        parts.append(_draw_run(day, start, hours, price, _colour(price, prices)))
        start += hours
    return "".join(parts)


def _draw_run(day: int, start: int, hours: int, price: Decimal, colour: str) -> str:
    x, y = LEFT + start * CELL_WIDTH, TOP + day * CELL_HEIGHT
    width = hours * CELL_WIDTH
    amount = ""
    if hours >= HOURS_OF_AMOUNT:
        amount = (
            f'<text x="{x + width // 2}" y="{y + 18}" text-anchor="middle" fill="{INK}">'
            f"{price:.2f}</text>"
        )
    return (
        f"<g><title>{DAYS[day]} {start:02}:00 to {start + hours:02}:00: {price:.2f}</title>"
        f'<rect x="{x}" y="{y}" width="{width - 1}" height="{CELL_HEIGHT - 2}" rx="3" '
        f'fill="{colour}"/>{amount}</g>'
    )


def _colour(price: Decimal, prices: list[Decimal]) -> str:
    low, high = prices[0], prices[-1]
    if low == high:
        return COLOURS[0]
    share = (price - low) / (high - low)
    return COLOURS[min(int(share * len(COLOURS)), len(COLOURS) - 1)]
