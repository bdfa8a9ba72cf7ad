"""Whether a CDR is what its session, its station and its tariff make plausible. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from apps.cdrs.holds import HoldReason

# Of a connector whose power we don't know, by its OCPI power type: the most that is built.
MOST_KW: Final = {
    "AC_1_PHASE": Decimal(19),
    "AC_2_PHASE": Decimal(32),
    "AC_2_PHASE_SPLIT": Decimal(32),
    "AC_3_PHASE": Decimal(44),
    "DC": Decimal(1200),
}
SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a review rule asks: amounts in the CDR's currency, minutes, kWh, per cent."""

    tolerance_amount: Decimal = Decimal(0)
    tolerance_percent: Decimal = Decimal(0)
    needs_price: bool = False
    min_minutes: Decimal | None = None
    max_minutes: Decimal | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_cost: Decimal | None = None
    max_cost: Decimal | None = None
    power_tolerance_percent: Decimal | None = None
    refuses_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What of a CDR is judged. Costs exclude VAT; `cost` is None where none was sent or it is not
    significant, `cost_by_hub` when the hub computed it; `price` is ours, None with the reason in
    `price_missing`; `connector_kw` is what the connector can give, as far as it is known;
    `overlaps` names the CDRs of the same EVSE or token at the same time."""

    started_at: datetime
    ended_at: datetime
    kwh: Decimal
    currency: str
    cost: Decimal | None
    price: Decimal | None
    cost_by_hub: bool = False
    price_missing: str = ""
    is_credit: bool = False
    power_type: str = ""
    connector_kw: Decimal | None = None
    overlaps: tuple[str, ...] = ()


def review(judged: Judged, terms: Terms) -> list[HoldReason]:
    """Everything odd about the CDR under these terms; empty when it is clean.

    A credit takes back what was judged before: only its price is.
    """
    reasons = list(_of_price(judged, terms))
    if not judged.is_credit:
        reasons += _of_bounds(judged, terms)
        reasons += _of_power(judged, terms)
        reasons += _of_overlap(judged, terms)
    return reasons


def tolerated(price: Decimal, terms: Terms) -> Decimal:
    """How far a sent total may lie from our price: the larger of the two tolerances."""
    return max(terms.tolerance_amount, abs(price) * terms.tolerance_percent / 100)


def _of_price(judged: Judged, terms: Terms) -> Iterator[HoldReason]:
    if judged.price is None:
        if terms.needs_price:
            why = judged.price_missing or "It can't be priced."
            yield HoldReason("PRICE_NOT_CHECKED", f"We have no price of our own: {why}")
        return
    if judged.cost is None:
        return
    difference = judged.cost - judged.price
    if abs(difference) > tolerated(judged.price, terms):
        more = "more" if difference > 0 else "less"
        total = "total that the hub computed" if judged.cost_by_hub else "sent total"
        yield HoldReason(
            "PRICE_DIFFERS",
            f"The {total} of {judged.cost:f} {judged.currency} is {abs(difference):f} {more} "
            f"than ours of {judged.price:f} {judged.currency}.",
        )


def _of_bounds(judged: Judged, terms: Terms) -> Iterator[HoldReason]:
    minutes = Decimal(int((judged.ended_at - judged.started_at).total_seconds())) / 60
    yield from _of_range("DURATION", minutes, terms.min_minutes, terms.max_minutes, "min")
    yield from _of_range("ENERGY", judged.kwh, terms.min_kwh, terms.max_kwh, "kWh")
    if judged.cost is not None:
        yield from _of_range("COST", judged.cost, terms.min_cost, terms.max_cost, judged.currency)


def _of_range(
    what: str, value: Decimal, least: Decimal | None, most: Decimal | None, unit: str
) -> Iterator[HoldReason]:
    shown = f"{what.capitalize()} of {value.quantize(Decimal('0.01')):f} {unit}"
    if least is not None and value < least:
        yield HoldReason(f"{what}_TOO_SMALL", f"{shown} is below {least.normalize():f} {unit}.")
    if most is not None and value > most:
        yield HoldReason(f"{what}_TOO_LARGE", f"{shown} is above {most.normalize():f} {unit}.")


def _of_power(judged: Judged, terms: Terms) -> Iterator[HoldReason]:
    """Average power above what the connector can give: energy or times are wrong."""
    most = judged.connector_kw or MOST_KW.get(judged.power_type)
    if terms.power_tolerance_percent is None or most is None or judged.kwh <= 0:
        return
    seconds = Decimal(int((judged.ended_at - judged.started_at).total_seconds()))
    allowed = most * (1 + terms.power_tolerance_percent / 100)
    if judged.kwh * SECONDS_PER_HOUR > allowed * seconds:
        average = "without any time"
        if seconds:
            average = f"at {(judged.kwh * SECONDS_PER_HOUR / seconds).quantize(Decimal('0.1'))} kW"
        yield HoldReason(
            "POWER_IMPOSSIBLE",
            f"It charged {average} on average; the connector gives {most.normalize():f} kW.",
        )


def _of_overlap(judged: Judged, terms: Terms) -> Iterator[HoldReason]:
    if terms.refuses_overlap and judged.overlaps:
        others = ", ".join(judged.overlaps[:3])
        yield HoldReason(
            "SESSION_OVERLAPS", f"The same EVSE or token charged at the same time in {others}."
        )
