"""Reads the restrictions of a tariff element (OCPI mod_tariffs, TariffRestrictions)."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from apps.tariffs.ocpi.fields import (
    UnreadableField,
    read_list,
    read_mapping,
    read_optional_number,
    read_text,
    shorten,
)
from apps.tariffs.restrictions import DAYS, RESTRICTION_NAMES, UNRESTRICTED, Restrictions
from apps.tariffs.tariff import RESERVATION, RESERVATION_EXPIRES

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_NUMBERS = tuple(name for name in RESTRICTION_NAMES if name[:4] in ("min_", "max_"))
_KNOWN = {*RESTRICTION_NAMES, "day_of_week"} - {"days"}


def read_restrictions(raw: object) -> Restrictions:
    """The restrictions of one element. Raises UnreadableField.

    A restriction or a value of a newer version can't be judged; it is kept in `unknown`.
    """
    if raw is None:
        return UNRESTRICTED
    entries = _entries(raw)
    try:
        return _read_fields(entries)
    except UnreadableField as error:
        raise error.inside("restrictions") from None


def _read_fields(entries: list[tuple[str, Any]]) -> Restrictions:
    fields = {name: value for name, value in entries if value is not None}
    unknown = [name for name in fields if name not in _KNOWN]
    values: dict[str, Any] = {name: read_optional_number(fields, name) for name in _NUMBERS}
    values["start_time"] = _read(fields, "start_time", _read_time)
    values["end_time"] = _read(fields, "end_time", _read_time)
    values["start_date"] = _read(fields, "start_date", _read_date)
    values["end_date"] = _read(fields, "end_date", _read_date)
    values["days"] = _read_days(fields, unknown)
    values["reservation"] = _read_reservation(fields, unknown)
    return Restrictions(**values, unknown=tuple(unknown))


def _entries(raw: object) -> list[tuple[str, Any]]:
    return list(read_mapping(raw, "restrictions").items())


def _read(fields: Mapping[str, Any], name: str, read: Callable[[object, str], Any]) -> Any:
    return read(fields[name], name) if name in fields else None


def _read_time(value: object, name: str) -> time:
    """HH:MM; seconds and 24:00 are tolerated, the latter as the end of the day."""
    text = read_text(value)
    if text == "24:00":
        return time(0)
    match = _TIME.fullmatch(text)
    if match is None:
        raise UnreadableField(name, f"{shorten(value)} is no time of day like 13:30")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return time(hour, minute, second)


def _read_date(value: object, name: str) -> date:
    try:
        return date.fromisoformat(read_text(value))
    except ValueError:
        raise UnreadableField(name, f"{shorten(value)} is no date like 2015-12-24") from None


def _read_days(fields: Mapping[str, Any], unknown: list[str]) -> frozenset[int] | None:
    """The days, None when there are none (an empty list restricts nothing)."""
    names = [read_text(day).upper() for day in read_list(fields.get("day_of_week"), "day_of_week")]
    strange = [name for name in names if name not in DAYS]
    if strange and len(strange) == len(names):
        unknown.append(f"day_of_week {shorten(strange[0])}")
    days = frozenset(DAYS.index(name) for name in names if name in DAYS)
    return days or None


def _read_reservation(fields: Mapping[str, Any], unknown: list[str]) -> str | None:
    if "reservation" not in fields:
        return None
    kind = read_text(fields["reservation"]).upper()
    if kind not in (RESERVATION, RESERVATION_EXPIRES):
        unknown.append(f"reservation {shorten(kind)}")
        return None
    return kind
