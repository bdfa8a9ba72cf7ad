"""What a tariff would cost: sessions that people can picture, priced by the engine. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from apps.tariffs.priced import PricedCdr
from apps.tariffs.pricing import price_session
from apps.tariffs.session import (
    ENERGY,
    PARKING_TIME,
    RESERVATION_TIME,
    TIME,
    Period,
    SessionRecord,
)
from apps.tariffs.tariff import PreparedTariff

# The sum over the phases, as restrictions on current have it.
VOLTS: Final = 230
WEEK: Final = timedelta(weeks=1)
# Notes that tell of a CDR and not of the tariff.
ABOUT_MESSAGES: Final = frozenset(("SENT_MISSING", "ZONE_TOLD", "TARIFF_FOR_OTHER_TIMES"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """A session: its start on the station's wall clock (written as UTC), minutes, kWh spread
    evenly over the charging, and the power in kW that restrictions on power see."""

    name: str
    start: datetime
    charging_minutes: int
    kwh: Decimal
    kw: Decimal
    parking_minutes: int = 0
    reserved_minutes: int = 0


# A Wednesday, a Saturday and a Tuesday in spring; none is a day of a clock change.
EXAMPLES: Final = (
    Imagined(
        name="30 kWh on a weekday evening, 2 h, 50 kW",
        start=datetime(2026, 4, 15, 18, tzinfo=UTC),
        charging_minutes=120, kwh=Decimal(30), kw=Decimal(50),
    ),
    Imagined(
        name="40 kWh overnight, 8 h at 11 kW, then 2 h parked",
        start=datetime(2026, 4, 14, 22, tzinfo=UTC),
        charging_minutes=480, kwh=Decimal(40), kw=Decimal(11), parking_minutes=120,
    ),
    Imagined(
        name="20 kWh on a Saturday noon, 1 h at 22 kW",
        start=datetime(2026, 4, 18, 12, tzinfo=UTC),
        charging_minutes=60, kwh=Decimal(20), kw=Decimal(22),
    ),
    Imagined(
        name="50 kWh in half an hour, fast charging at 150 kW",
        start=datetime(2026, 4, 15, 9, tzinfo=UTC),
        charging_minutes=30, kwh=Decimal(50), kw=Decimal(150),
    ),
    Imagined(
        name="15 minutes reserved, then 10 kWh in an hour",
        start=datetime(2026, 4, 15, 14, tzinfo=UTC),
        charging_minutes=60, kwh=Decimal(10), kw=Decimal(11), reserved_minutes=15,
    ),
)  # fmt: skip


def imagine(session: Imagined, *, currency: str, slice_minutes: int = 1) -> SessionRecord:
    """The session as a CDR would tell it, on the station's wall clock (which stands as UTC)."""
    began = session.start
    before, charging = session.reserved_minutes, session.charging_minutes
    per_slice = (session.kwh * slice_minutes / max(charging, 1)).quantize(Decimal("0.001"))
    left = session.kwh
    periods: list[Period] = []
    for minute in range(0, before + charging + session.parking_minutes, slice_minutes):
        is_last = minute + slice_minutes >= before + charging
        energy = min(left, per_slice) if not is_last else left
        volumes = _volumes(session, minute, energy, Decimal(slice_minutes * 60))
        left -= volumes.get(ENERGY, Decimal(0))
        start = began + timedelta(minutes=minute)
        clock = Decimal(slice_minutes * 60)
        periods.append(Period(len(periods) + 1, start, clock, volumes, ""))
    return SessionRecord(
        "2.3.0", session.name, currency, began, tuple(periods), "", "", "", before > 0, False, "",
        None, {}, (),
    )  # fmt: skip


def _volumes(
    session: Imagined, minute: int, energy: Decimal, seconds: Decimal
) -> dict[str, Decimal]:
    if minute < session.reserved_minutes:
        return {RESERVATION_TIME: seconds}
    if minute >= session.reserved_minutes + session.charging_minutes:
        return {PARKING_TIME: seconds}
    amperes = (session.kw * 1000 / VOLTS).quantize(Decimal("0.1"))
    return {
        ENERGY: energy, TIME: seconds, "MIN_POWER": session.kw, "MAX_POWER": session.kw,
        "MIN_CURRENT": amperes, "MAX_CURRENT": amperes,
    }  # fmt: skip


def move_into_validity(session: Imagined, tariff: PreparedTariff) -> Imagined:
    """The session at its day and hour of the nearest week in which the tariff is valid (Tariff,
    start_date_time and end_date_time); as it was when there is none."""
    start, first, end = session.start, tariff.valid_from, tariff.valid_until
    try:
        if first is not None and start < first:
            start -= (start - first) // WEEK * WEEK
        if end is not None and start >= end:
            start -= ((start - end) // WEEK + 1) * WEEK
    except OverflowError:
        return session
    return session if first is not None and start < first else replace(session, start=start)


def price_imagined(
    tariff: PreparedTariff, session: Imagined, *, slice_minutes: int = 1
) -> PricedCdr:
    """What the session would cost by the tariff, in a week in which it is valid; a millisecond or
    two. Where there is no such week, a note says TARIFF_NOT_VALID."""
    session = move_into_validity(session, tariff)
    record = imagine(session, currency=tariff.currency, slice_minutes=slice_minutes)
    if tariff.version == "2.1.1":
        record = record._replace(version="2.1.1")
    priced = price_session(record, [tariff], time_zone="UTC")
    notes = tuple(note for note in priced.notes if note.code not in ABOUT_MESSAGES)
    return priced._replace(notes=notes)
