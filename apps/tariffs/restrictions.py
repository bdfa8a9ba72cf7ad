"""When an element of a tariff applies (OCPI mod_tariffs, TariffRestrictions).

All restrictions of an element must hold together. They are judged at the start of a charging
period, times and dates in the local time of the station; lower bounds are inclusive, upper
bounds exclusive.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, time, tzinfo
from decimal import Decimal

from apps.tariffs.session import Period

SECONDS_PER_HOUR = Decimal(3600)
SECONDS_PER_DAY = 86_400
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The restrictions of one element; None where there is none.

    kWh, A (sum over the phases), kW, seconds; days are 0 for Monday to 6 for Sunday;
    `reservation` is RESERVATION or RESERVATION_EXPIRES. `unknown` names restrictions that
    can't be judged: an element that has one never applies.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    days: frozenset[int] | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: Decimal | None = None
    max_duration: Decimal | None = None
    reservation: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def needs_local_time(self) -> bool:
        """Whether judging them takes the station's clock or calendar."""
        return any(
            value is not None
            for value in (
                self.start_time,
                self.end_time,
                self.start_date,
                self.end_date,
                self.days,
            )
        )


UNRESTRICTED = Restrictions()


class Moment:
    """The start of a charging period, with what restrictions ask about it.

    `local` is the station's wall clock, `kwh` the energy of the session so far, `began` where its
    duration counts from. `estimated` collects the restrictions that were judged by a stand-in,
    because the period lacks their dimension.
    """

    __slots__ = ("began", "estimated", "kwh", "local", "period")

    def __init__(self, period: Period, kwh: Decimal, began: datetime, zone: tzinfo) -> None:
        self.period = period
        self.kwh = kwh
        self.began = began
        self.local = period.start.astimezone(zone)
        self.estimated: set[str] = set()

    @property
    def seconds(self) -> Decimal:
        """The duration of the session so far, in whole seconds."""
        passed = self.period.start - self.began
        return Decimal(passed.days * SECONDS_PER_DAY + passed.seconds)

    def measured(self, bound: str, quantity: str) -> Decimal | None:
        """The MIN_ or MAX_ dimension of the period that a restriction on power or current compares.

        Where it is missing the other bound stands in (one known value: taken as constant), then
        the average; None when the period says nothing about it.
        """
        volumes = self.period.volumes
        value = volumes.get(f"{bound}_{quantity}")
        if value is None:
            self.estimated.add(f"{bound}_{quantity}")
            other = "MAX" if bound == "MIN" else "MIN"
            value = volumes.get(f"{other}_{quantity}", volumes.get(quantity))
        if value is None and quantity == "POWER":
            value = average_power(self.period)
        return value


def average_power(period: Period) -> Decimal | None:
    """kW over the period: its energy by its clock, None when either is unknown.

    2.1.1 restricts by power, but its CDRs have no dimension of power (mod_cdrs, CdrDimensionType).
    """
    energy = period.volumes.get("ENERGY")
    if energy is None or not period.clock:
        return None
    return energy * SECONDS_PER_HOUR / period.clock


Check = Callable[[Moment], bool]


def compile_checks(restrictions: Restrictions) -> tuple[Check, ...]:
    """One function per restriction that is there, the cheap ones first."""
    if restrictions.unknown:
        return (_never,)
    checks: list[Check | None] = [
        *_quantity_checks(restrictions),
        _time_check(restrictions.start_time, restrictions.end_time),
        *_calendar_checks(restrictions),
        *_electric_checks(restrictions),
    ]
    return tuple(check for check in checks if check is not None)


def _never(_at: Moment) -> bool:
    return False


def _time_check(start: time | None, end: time | None) -> Check | None:
    """start_time and end_time: an end before the start wraps past midnight, an end of 00:00 is
    the end of the day (mod_tariffs, TariffRestrictions)."""
    if end == MIDNIGHT:
        end = None
    if start is None and end is None:
        return None
    if end is None:
        return lambda at: at.local.time() >= start  # type: ignore[operator]
    if start is None:
        return lambda at: at.local.time() < end
    if end < start:
        return lambda at: not end <= at.local.time() < start
    return lambda at: start <= at.local.time() < end


def _calendar_checks(of: Restrictions) -> list[Check | None]:
    """day_of_week, start_date (inclusive), end_date (exclusive), in local time."""
    first, last, days = of.start_date, of.end_date, of.days
    return [
        (lambda at: at.local.weekday() in days) if days is not None else None,
        (lambda at: at.local.date() >= first) if first is not None else None,
        (lambda at: at.local.date() < last) if last is not None else None,
    ]


def _quantity_checks(of: Restrictions) -> list[Check | None]:
    """What the session has used so far: min_ inclusive, max_ exclusive."""
    least, most = of.min_kwh, of.max_kwh
    shortest, longest = of.min_duration, of.max_duration
    return [
        (lambda at: at.kwh >= least) if least is not None else None,
        (lambda at: at.kwh < most) if most is not None else None,
        (lambda at: at.seconds >= shortest) if shortest is not None else None,
        (lambda at: at.seconds < longest) if longest is not None else None,
    ]


def _electric_checks(of: Restrictions) -> list[Check | None]:
    """How the car charges in this period, NOT over the entire session: at least min_, less than
    max_ (mod_tariffs, TariffRestrictions; mod_cdrs, MIN_ and MAX_ of CdrDimensionType)."""
    return [
        _at_least("POWER", of.min_power),
        _less_than("POWER", of.max_power),
        _at_least("CURRENT", of.min_current),
        _less_than("CURRENT", of.max_current),
    ]


def _at_least(quantity: str, bound: Decimal | None) -> Check | None:
    if bound is None:
        return None

    def check(at: Moment) -> bool:
        value = at.measured("MIN", quantity)
        return value is not None and value >= bound

    return check


def _less_than(quantity: str, bound: Decimal | None) -> Check | None:
    if bound is None:
        return None

    def check(at: Moment) -> bool:
        value = at.measured("MAX", quantity)
        return value is not None and value < bound

    return check


def describe_restrictions(restrictions: Restrictions) -> str:
    """The restrictions in words: "Monday to Friday, 09:00 to 18:00 local time"."""
    words = [
        *_describe_calendar(restrictions),
        *_describe_ranges(restrictions),
        *(f"{name} (can't be judged)" for name in restrictions.unknown),
    ]
    return ", ".join(words) if words else "no restrictions"


def _describe_calendar(of: Restrictions) -> list[str]:
    words = []
    if of.reservation:
        words.append("reservation" if of.reservation == "RESERVATION" else "expired reservation")
    if of.days is not None:
        words.append(_describe_days(sorted(of.days)))
    if of.start_time is not None or of.end_time is not None:
        start, end = of.start_time or MIDNIGHT, of.end_time or MIDNIGHT
        closing = "24:00" if end == MIDNIGHT else f"{end:%H:%M}"
        words.append(f"{start:%H:%M} to {closing} local time")
    if of.start_date is not None:
        words.append(f"from {of.start_date}")
    if of.end_date is not None:
        words.append(f"before {of.end_date}")
    return words


def _describe_days(days: list[int]) -> str:
    names = [DAYS[day].capitalize() for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(names) if names else "no day"


def _describe_ranges(of: Restrictions) -> list[str]:
    ranges = (
        (of.min_kwh, of.max_kwh, "kWh"),
        (of.min_power, of.max_power, "kW"),
        (of.min_current, of.max_current, "A"),
        (of.min_duration, of.max_duration, "s of session"),
    )
    words = []
    for least, most, unit in ranges:
        if least is not None:
            words.append(f"from {least:f} {unit}")
        if most is not None:
            words.append(f"below {most:f} {unit}")
    return words


RESTRICTION_NAMES = tuple(field.name for field in fields(Restrictions) if field.name != "unknown")
