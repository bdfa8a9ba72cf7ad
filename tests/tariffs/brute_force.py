"""A second reading of the specification: exact fractions, no code of the engine.

OCPI 2.2.1, written from mod_tariffs (TariffRestrictions, TariffElement, ReservationRestrictionType)
and mod_cdrs (ChargingPeriod, step_size) alone, as plainly as possible.
"""

from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any, NamedTuple

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
UNITS = {"ENERGY": Fraction(1, 1000), "TIME": Fraction(1, 3600), "PARKING_TIME": Fraction(1, 3600)}
RESERVED = "RESERVATION_TIME"
# Of a period for which no tariff is relevant.
NO_TARIFF: dict[str, Any] = {"elements": []}


class Stretch(NamedTuple):
    """A charging period: `kind` is TIME, PARKING_TIME or RESERVATION_TIME; power and current as
    MIN_ and MAX_; `tariff` is the id of its tariff, empty when none is relevant."""

    start: datetime
    seconds: int
    kind: str
    wh: int
    low: int
    high: int
    tariff: str = "T"


class Cost(NamedTuple):
    """So much of a price component of a tariff."""

    tariff: str
    part: dict[str, Any]
    amount: Fraction


def total_of(
    terms: dict[str, dict[str, Any]], stretches: list[Stretch], zone: tzinfo
) -> tuple[Fraction, Fraction]:
    """The cost without and with VAT by the tariffs, each under its id."""
    charged, switches = _charged(terms, [each for each in stretches if each.kind != RESERVED], zone)
    costs = [*_reserved(terms, stretches, zone, switches=switches), *charged]
    net, gross = _sum(costs)
    for name in {each.tariff for each in stretches} & terms.keys():
        own = _sum([cost for cost in costs if cost.tariff == name])
        bounded = _within(terms[name], *own)
        net, gross = net + bounded[0] - own[0], gross + bounded[1] - own[1]
    return net, gross


def _charged(
    terms: dict[str, Any], stretches: list[Stretch], zone: tzinfo
) -> tuple[list[Cost], bool]:
    """The costs, and whether more than one tariff had a price for what was charged."""
    costs: list[Cost] = []
    used: dict[str, int] = {}
    last: dict[str, Cost] = {}
    judged: set[str] = set()
    last_timed, wh, has_flat = "", 0, False
    for stretch in stretches:
        tariff = terms.get(stretch.tariff, NO_TARIFF)
        at = (stretch, wh, (stretch.start - stretches[0].start).total_seconds(), zone)
        if not has_flat and (flat := _find(tariff, "FLAT", at)):
            costs.append(Cost(stretch.tariff, flat, Fraction(1)))
            has_flat = True
        for kind, amount in (("ENERGY", stretch.wh), (stretch.kind, stretch.seconds)):
            found = _find(tariff, kind, at)
            if amount and found:
                judged.add(stretch.tariff)
            if amount and found and Fraction(found["price"]):
                costs.append(Cost(stretch.tariff, found, amount * UNITS[kind]))
                used[kind] = used.get(kind, 0) + amount
                last[kind] = costs[-1]
                last_timed = last_timed if kind == "ENERGY" else kind
        wh += stretch.wh
    switches = len(judged) > 1
    for kind in {"ENERGY", last_timed} & used.keys():
        # mod_cdrs, step_size: not when the session switches to another tariff.
        if not switches:
            costs.append(_surplus(last[kind], used[kind], UNITS[kind]))
    return costs, switches


def _reserved(
    terms: dict[str, Any], stretches: list[Stretch], zone: tzinfo, *, switches: bool
) -> list[Cost]:
    """mod_tariffs, ReservationRestrictionType: of a reservation that nobody used both flat fees
    count, and the time of the expired one where it has a price."""
    came = [each for each in stretches if each.kind != RESERVED]
    kinds = ["RESERVATION"] if came else ["RESERVATION_EXPIRES", "RESERVATION"]
    costs: list[Cost] = []
    last, seconds, has_flat = None, 0, set()
    for stretch in (each for each in stretches if each.kind == RESERVED):
        tariff = terms.get(stretch.tariff, NO_TARIFF)
        at = (stretch, 0, (stretch.start - stretches[0].start).total_seconds(), zone)
        for kind in kinds:
            if kind not in has_flat and (flat := _find(tariff, "FLAT", at, kind)):
                has_flat.add(kind)
                costs.append(Cost(stretch.tariff, flat, Fraction(1)))
        timed = [found for kind in kinds if (found := _find(tariff, "TIME", at, kind))]
        if timed and Fraction(timed[0]["price"]):
            costs.append(Cost(stretch.tariff, timed[0], stretch.seconds * UNITS["TIME"]))
            last, seconds = costs[-1], seconds + stretch.seconds
    if last is not None and not switches:
        costs.append(_surplus(last, seconds, UNITS["TIME"]))
    return costs


def _surplus(last: Cost, used: int, unit: Fraction) -> Cost:
    step = last.part["step_size"]
    return Cost(last.tariff, last.part, (-used % step if step else 0) * unit)


def _sum(costs: list[Cost]) -> tuple[Fraction, Fraction]:
    net = sum((Fraction(cost.part["price"]) * cost.amount for cost in costs), Fraction(0))
    gross = sum((_with_vat(cost.part) * cost.amount for cost in costs), Fraction(0))
    return net, gross


def _within(terms: dict[str, Any], net: Fraction, gross: Fraction) -> tuple[Fraction, Fraction]:
    for name, bound in (("min_price", max), ("max_price", min)):
        if name in terms:
            net = bound(net, Fraction(terms[name]["excl_vat"]))
            gross = bound(gross, Fraction(terms[name]["incl_vat"]))
    return net, gross


def _with_vat(part: dict[str, Any]) -> Fraction:
    return Fraction(part["price"]) * (1 + Fraction(part.get("vat") or 0) / 100)


def _find(
    terms: dict[str, Any], kind: str, at: Any, reservation: str | None = None
) -> dict[str, Any] | None:
    for element in terms["elements"]:
        restrictions = element.get("restrictions", {})
        if restrictions.get("reservation") == reservation and _holds(restrictions, *at):
            for part in element["price_components"]:
                if part["type"] == kind:
                    return part
    return None


def _holds(r: dict[str, Any], stretch: Stretch, wh: int, passed: float, zone: tzinfo) -> bool:
    local = stretch.start.astimezone(zone)
    clock, date = f"{local:%H:%M:%S}", f"{local:%Y-%m-%d}"
    start, end = r.get("start_time", "00:00"), r.get("end_time", "00:00")
    end = "24:00" if end == "00:00" else end
    inside = start <= clock < end if start <= end else clock >= start or clock < end
    return (
        inside
        and DAYS[local.weekday()] in r.get("day_of_week", DAYS)
        and r.get("start_date", "") <= date < r.get("end_date", "9")
        and r.get("min_kwh", 0) * 1000 <= wh < r.get("max_kwh", 10**9) * 1000
        and r.get("min_duration", 0) <= passed < r.get("max_duration", 10**9)
        and all(
            r.get(f"min_{name}", 0) <= stretch.low and stretch.high < r.get(f"max_{name}", 10**9)
            for name in ("power", "current")
        )
    )
