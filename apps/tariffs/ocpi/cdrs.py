"""Reads an OCPI CDR for pricing (mod_cdrs of 2.1.1, 2.2.1 and 2.3.0)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from apps.core.errors import InvalidInput
from apps.tariffs.notes import Note, capped
from apps.tariffs.ocpi.fields import (
    UnreadableField,
    read_instant,
    read_list,
    read_mapping,
    read_number,
    read_text,
    shorten,
)
from apps.tariffs.ocpi.prices import read_price
from apps.tariffs.session import PARTS, Period, Price, SessionRecord

MOST_PERIODS = 20_000
VOLUMES = ("ENERGY", "TIME", "PARKING_TIME", "SESSION_TIME", "RESERVATION_TIME")
MEASUREMENTS = ("MIN_POWER", "MAX_POWER", "POWER", "MIN_CURRENT", "MAX_CURRENT", "CURRENT")
NOT_PRICED = ("ENERGY_IMPORT", "ENERGY_EXPORT", "STATE_OF_CHARGE", "FLAT")
DIMENSIONS = frozenset(VOLUMES + MEASUREMENTS + NOT_PRICED)
# mod_cdrs: what a CPO writes that doesn't know when a session began or ended.
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class CdrTooLarge(InvalidInput):
    """The CDR has more charging periods than a session can reasonably have."""

    code = "CDR_TOO_LARGE"


def read_cdr(raw: object, *, version: str) -> SessionRecord:
    """The CDR's session in the engine's form.

    Periods out of order are sorted; odd but readable things become notes. Raises UnreadableField
    (no periods, broken numbers or timestamps) and CdrTooLarge.
    """
    try:
        return _read(read_mapping(raw, "cdr"), version)
    except UnreadableField as error:
        raise error.inside("cdr") if error.path != "cdr" else error from None


def _read(raw: Mapping[str, Any], version: str) -> SessionRecord:
    notes: list[Note] = []
    periods = _read_periods(raw, notes)
    location = _location(raw)
    start = raw.get("start_date_time")
    began = read_instant(start, "start_date_time") if start is not None else UNKNOWN_TIME
    return SessionRecord(
        version=version,
        id=read_text(raw.get("id")),
        currency=read_text(raw.get("currency")).upper(),
        start=began if began != UNKNOWN_TIME else periods[0].start,
        periods=periods,
        country=read_text(location.get("country")).upper(),
        postcode=read_text(location.get("postal_code")),
        time_zone=read_text(location.get("time_zone")),
        is_credit=raw.get("credit") is True,
        remark=read_text(raw.get("remark")),
        sent_total=read_price(raw.get("total_cost"), "total_cost"),
        sent_parts=_read_parts(raw),
        notes=capped(notes) if notes else (),
    )


def _location(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """`cdr_location`, which is `location` in 2.1.1."""
    location = raw.get("cdr_location") or raw.get("location")
    return location if isinstance(location, Mapping) else {}


def _read_parts(raw: Mapping[str, Any]) -> dict[str, Price]:
    parts = {}
    for name in PARTS:
        if name in raw:
            price = read_price(raw[name], name)
            if price is not None:
                parts[name] = price
    return parts


def _read_periods(raw: Mapping[str, Any], notes: list[Note]) -> tuple[Period, ...]:
    """The periods in time order, each with its length by the clock: a period ends when the next
    one starts, the last when the session ends (mod_cdrs, ChargingPeriod class)."""
    listed = read_list(raw.get("charging_periods"), "charging_periods")
    if not listed:
        raise UnreadableField("charging_periods", "is missing")
    if len(listed) > MOST_PERIODS:
        raise CdrTooLarge(f"The CDR has {len(listed)} charging periods, above {MOST_PERIODS}.")
    found = [_read_period(period, index, notes) for index, period in enumerate(listed)]
    if any(later[0] < earlier[0] for earlier, later in pairwise(found)):
        found.sort(key=lambda period: period[0])
        text = "The charging periods were out of order: they were sorted by their start."
        notes.append(Note("PERIODS_OUT_OF_ORDER", text))
    ends = [period[0] for period in found[1:]]
    ends.append(_session_end(raw, found[-1][0], notes))
    return tuple(
        _close_period(number, *period, end, notes)
        for number, (period, end) in enumerate(zip(found, ends, strict=True), 1)
    )


def _read_period(
    raw: object, index: int, notes: list[Note]
) -> tuple[datetime, dict[str, Decimal], str]:
    try:
        period = read_mapping(raw, "period")
        start = read_instant(period.get("start_date_time"), "start_date_time")
        volumes = _read_volumes(read_list(period.get("dimensions"), "dimensions"), index, notes)
        return start, volumes, read_text(period.get("tariff_id"))
    except UnreadableField as error:
        raise error.inside(f"charging_periods[{index}]") from None


def _read_volumes(dimensions: list[Any], index: int, notes: list[Note]) -> dict[str, Decimal]:
    """The volumes by dimension. Those of one dimension listed twice are added up."""
    volumes: dict[str, Decimal] = {}
    for raw in dimensions:
        dimension = read_mapping(raw, "dimensions")
        name = dimension.get("type")
        if name not in DIMENSIONS:
            name = read_text(name).upper()
            if name not in DIMENSIONS:
                text = f"Charging period {index + 1} has the unknown dimension {shorten(name)}."
                notes.append(Note("CDR_DIMENSION_UNKNOWN", text))
                continue
        volume = read_number(dimension.get("volume"), "dimensions.volume")
        if name in volumes:
            text = f"Charging period {index + 1} lists {name} twice: the volumes were added up."
            notes.append(Note("CDR_DIMENSION_TWICE", text))
            volume += volumes[name]
        volumes[name] = volume
    if not volumes:
        text = f"Charging period {index + 1} has no volumes: it costs nothing."
        notes.append(Note("PERIOD_EMPTY", text))
    return volumes


def _session_end(raw: Mapping[str, Any], last: datetime, notes: list[Note]) -> datetime | None:
    """`end_date_time`, which is `stop_date_time` in 2.1.1; None when it can't be the end."""
    value = raw.get("end_date_time", raw.get("stop_date_time"))
    end = read_instant(value, "end_date_time") if value is not None else UNKNOWN_TIME
    if end == UNKNOWN_TIME:
        notes.append(Note("END_UNKNOWN", "The CDR doesn't say when the session ended."))
        return None
    if end < last:
        text = "The CDR ends before its last charging period starts: the end was ignored."
        notes.append(Note("END_BEFORE_START", text))
        return None
    return end


def _close_period(
    number: int,
    start: datetime,
    volumes: dict[str, Decimal],
    tariff_id: str,
    end: datetime | None,
    notes: list[Note],
) -> Period:
    if end is None:
        return Period(number, start, None, volumes, tariff_id)
    clock = _seconds_between(start, end)
    _note_overlap(number, volumes, clock, notes)
    return Period(number, start, clock, volumes, tariff_id)


def _seconds_between(start: datetime, end: datetime) -> Decimal:
    length = end - start
    if not length.microseconds:
        return Decimal(length.days * 86400 + length.seconds)
    return Decimal(length // _MICROSECOND) / 1_000_000


def _note_overlap(
    number: int, volumes: dict[str, Decimal], clock: Decimal, notes: list[Note]
) -> None:
    """A period whose times are longer than its clock overlaps the next one. Volumes have four
    decimals of an hour, so a second is granted."""
    for name in ("TIME", "PARKING_TIME", "RESERVATION_TIME"):
        if name in volumes and volumes[name] * 3600 > clock + 1:
            text = (
                f"Charging period {number} has {volumes[name]:f} h of {name} but ends after "
                f"{clock:f} s: it overlaps the next one. Its volumes were priced as sent."
            )
            notes.append(Note("PERIODS_OVERLAP", text))
