"""Reads an OCPI CDR for pricing (mod_cdrs of 2.1.1, 2.2.1 and 2.3.0)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

from apps.core.errors import InvalidInput
from apps.tariffs.notes import Note, capped
from apps.tariffs.ocpi.fields import (
    UnreadableField,
    read_instant_of_charge,
    read_list,
    read_mapping,
    read_number,
    read_text,
    shorten,
)
from apps.tariffs.ocpi.prices import read_price
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.session import (
    ENERGY,
    PARKING_TIME,
    PARTS,
    RESERVATION_TIME,
    SESSION_TIME,
    TIME,
    Period,
    Price,
    SessionRecord,
    make_period,
    make_record,
)

MOST_PERIODS = 20_000
TIMES = frozenset((TIME, PARKING_TIME, SESSION_TIME, RESERVATION_TIME))
MEASUREMENTS = ("MIN_POWER", "MAX_POWER", "POWER", "MIN_CURRENT", "MAX_CURRENT", "CURRENT")
NOT_PRICED = ("ENERGY_IMPORT", "ENERGY_EXPORT", "STATE_OF_CHARGE", "FLAT")
DIMENSIONS = frozenset((ENERGY, *TIMES, *MEASUREMENTS, *NOT_PRICED))
HALF_A_SECOND = Decimal("0.5")
# mod_cdrs: what a CPO writes that doesn't know when a session began or ended.
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# Where a required text can't be filled (transport_and_format, No data available).
NOT_AVAILABLE = "#NA"
# kWh; operators round the total.
ENERGY_TOLERANCE = Decimal("0.01")
MICROSECOND = timedelta(microseconds=1)

OpenPeriod = tuple[datetime, dict[str, Decimal], str]


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
    location = raw.get("cdr_location") or raw.get("location")
    if not isinstance(location, dict):
        location = {}
    start = raw.get("start_date_time")
    began = UNKNOWN_TIME if start is None else read_instant_of_charge(start, "start_date_time")
    has_reservation = False
    energy: Decimal | None = None
    for period in periods:
        volumes = period.volumes
        if ENERGY in volumes:
            energy = volumes[ENERGY] if energy is None else energy + volumes[ENERGY]
        if RESERVATION_TIME in volumes:
            has_reservation = True
    total_energy = raw.get("total_energy")
    if energy is not None and total_energy is not None and total_energy != energy:
        _compare_energy(total_energy, energy, notes)
    return make_record(
        (
            version,
            read_text(raw.get("id")),
            read_text(raw.get("currency")).upper(),
            periods[0].start if began == UNKNOWN_TIME else began,
            tuple(periods),
            read_text(location.get("country")).upper(),
            read_text(location.get("postal_code")),
            read_text(location.get("time_zone")),
            has_reservation,
            raw.get("credit") is True,
            read_text(raw.get("remark")),
            read_price(raw.get("total_cost"), "total_cost"),
            _read_parts(raw),
            capped(notes) if notes else (),
        )
    )


def _compare_energy(told: object, energy: Decimal, notes: list[Note]) -> None:
    """Says when total_energy isn't what the periods add up to. They decide the price: they are
    there "to allow the eMSP to validate the total cost" (mod_cdrs, Push model)."""
    total = read_number(told, "total_energy")
    if abs(total - energy) > ENERGY_TOLERANCE:
        text = (
            f"The CDR's total_energy is {total:f} kWh, but its charging periods have {energy:f} "
            "kWh: those were priced."
        )
        notes.append(Note("TOTAL_ENERGY_DIFFERS", text))


def _read_parts(raw: Mapping[str, Any]) -> dict[str, Price]:
    parts = {}
    for name in PARTS:
        if name in raw:
            price = read_price(raw[name], name)
            if price is not None:
                parts[name] = price
    return parts


def _read_periods(raw: Mapping[str, Any], notes: list[Note]) -> list[Period]:
    """The periods in time order, each with its length by the clock: a period ends when the next
    one starts, the last when the session ends (mod_cdrs, ChargingPeriod class)."""
    listed = read_list(raw.get("charging_periods"), "charging_periods")
    if not listed:
        raise UnreadableField("charging_periods", "is missing")
    if len(listed) > MOST_PERIODS:
        raise CdrTooLarge(f"The CDR has {len(listed)} charging periods, above {MOST_PERIODS}.")
    found = [_read_period(period, index, notes) for index, period in enumerate(listed)]
    if len(found) > 1:
        _sort_periods(found, notes)
    last, session_end = len(found), _session_end(raw, found[-1][0], notes)
    periods = []
    for number, period in enumerate(found, 1):
        end = found[number][0] if number < last else session_end
        periods.append(_close_period(number, period, end, notes))
    return periods


def _read_period(raw: object, index: int, notes: list[Note]) -> OpenPeriod:
    try:
        period = read_mapping(raw, "period")
        start = read_instant_of_charge(period.get("start_date_time"), "start_date_time")
        volumes = _read_volumes(period.get("dimensions"), index, notes)
        if not volumes:
            text = f"Charging period {index + 1} has no volumes: it costs nothing."
            notes.append(Note("PERIOD_EMPTY", text))
        return start, volumes, read_text(period.get("tariff_id"))
    except UnreadableField as error:
        raise error.inside(f"charging_periods[{index}]") from None


def _read_volumes(raw: object, index: int, notes: list[Note]) -> dict[str, Decimal]:
    """Each dimension with its volume (mod_cdrs, CdrDimension). Those of one dimension listed twice
    are added up."""
    volumes: dict[str, Decimal] = {}
    for listed in read_list(raw, "dimensions"):
        dimension = listed if type(listed) is dict else read_mapping(listed, "dimensions")
        name = dimension.get("type")
        if type(name) is not str or name not in DIMENSIONS:
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
    return volumes


def _sort_periods(found: list[OpenPeriod], notes: list[Note]) -> None:
    """Puts the periods in order of their starts."""
    earlier = found[0][0]
    for period in found:
        if period[0] < earlier:
            break
        earlier = period[0]
    else:
        return
    found.sort(key=itemgetter(0))
    text = "The charging periods were out of order: they were sorted by their start."
    notes.append(Note("PERIODS_OUT_OF_ORDER", text))


def _session_end(raw: Mapping[str, Any], last: datetime, notes: list[Note]) -> datetime | None:
    """`end_date_time`, in 2.1.1 `stop_date_time` (mod_cdrs, CDR); None when it can't be the end."""
    value = raw.get("end_date_time") or raw.get("stop_date_time")
    end = UNKNOWN_TIME if value is None else read_instant_of_charge(value, "end_date_time")
    if end == UNKNOWN_TIME:
        notes.append(Note("END_UNKNOWN", "The CDR doesn't say when the session ended."))
        return None
    if end < last:
        text = "The CDR ends before its last charging period starts: the end was ignored."
        notes.append(Note("END_BEFORE_START", text))
        return None
    return end


def _close_period(
    number: int, period: OpenPeriod, end: datetime | None, notes: list[Note]
) -> Period:
    """The period with its length by the clock, and its times in seconds."""
    start, volumes, tariff_id = period
    clock = None if end is None else seconds_between(start, end)
    for name in volumes:
        if name in TIMES:
            volumes[name] = seconds = to_seconds(volumes[name], clock)
            if seconds is not clock and clock is not None and seconds > clock + 1:
                _note_overlap(number, name, seconds, clock, notes)
    return make_period((number, start, clock, volumes, tariff_id))


def seconds_between(start: datetime, end: datetime) -> Decimal:
    """The seconds from one instant to another, exactly."""
    length = end - start
    if not length.microseconds:
        return Decimal(length.days * 86400 + length.seconds)
    return Decimal(length // MICROSECOND) / 1_000_000


def to_seconds(hours: Decimal, clock: Decimal | None) -> Decimal:
    """Hours, sent with four decimals (types, number), as seconds: 0.1667 h is 600 s.

    Where they round to what the timestamps of the period say, the timestamps are exact; other
    volumes keep their fraction until the total of the session goes to the nearest second.
    """
    seconds = hours * SECONDS_PER_HOUR
    if seconds == clock:
        return clock
    if clock is not None and hours and abs(seconds - clock) <= HALF_A_SECOND:
        return clock
    return seconds


def _note_overlap(
    number: int, name: str, seconds: Decimal, clock: Decimal, notes: list[Note]
) -> None:
    text = (
        f"Charging period {number} has {seconds:f} s of {name} but ends after {clock:f} s: "
        "it overlaps the next one. Its volumes were priced as sent."
    )
    notes.append(Note("PERIODS_OVERLAP", text))
