"""A second reading of the specification: exact fractions, no code of the engine.

OCPI 2.2.1 without reservations, written from mod_tariffs (TariffRestrictions, TariffElement) and
mod_cdrs (step_size) alone, as plainly as possible.
"""

from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any, NamedTuple

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
UNITS = {"ENERGY": Fraction(1, 1000), "TIME": Fraction(1, 3600), "PARKING_TIME": Fraction(1, 3600)}


class Stretch(NamedTuple):
    """A charging period: `kind` is TIME or PARKING_TIME; power and current as MIN_ and MAX_."""

    start: datetime
    seconds: int
    kind: str
    wh: int
    low: int
    high: int


def total_of(
    terms: dict[str, Any], stretches: list[Stretch], zone: tzinfo
) -> tuple[Fraction, Fraction]:
    """The cost without and with VAT."""
    costs: list[tuple[dict[str, Any], Fraction]] = []
    used: dict[str, int] = {}
    last: dict[str, dict[str, Any]] = {}
    last_timed, wh, flat = "", 0, None
    for stretch in stretches:
        at = (stretch, wh, (stretch.start - stretches[0].start).total_seconds(), zone)
        if flat is None and (flat := _find(terms, "FLAT", at)):
            costs.append((flat, Fraction(1)))
        for kind, amount in (("ENERGY", stretch.wh), (stretch.kind, stretch.seconds)):
            found = _find(terms, kind, at)
            if amount and found and Fraction(found["price"]):
                costs.append((found, amount * UNITS[kind]))
                used[kind] = used.get(kind, 0) + amount
                last[kind] = found
                last_timed = last_timed if kind == "ENERGY" else kind
        wh += stretch.wh
    for kind in {"ENERGY", last_timed} & used.keys():
        if step := last[kind]["step_size"]:
            costs.append((last[kind], -used[kind] % step * UNITS[kind]))
    net = sum((Fraction(part["price"]) * amount for part, amount in costs), Fraction(0))
    gross = sum((_with_vat(part) * amount for part, amount in costs), Fraction(0))
    for name, bound in (("min_price", max), ("max_price", min)):
        if name in terms:
            net = bound(net, Fraction(terms[name]["excl_vat"]))
            gross = bound(gross, Fraction(terms[name]["incl_vat"]))
    return net, gross


def _with_vat(part: dict[str, Any]) -> Fraction:
    return Fraction(part["price"]) * (1 + Fraction(part.get("vat") or 0) / 100)


def _find(terms: dict[str, Any], kind: str, at: Any) -> dict[str, Any] | None:
    for element in terms["elements"]:
        if _holds(element.get("restrictions", {}), *at):
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
