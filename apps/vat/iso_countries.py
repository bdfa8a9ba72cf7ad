"""ISO 3166-1 countries with their names and time zones, from the IANA time zone data."""

from functools import cache
from importlib.resources import files


@cache
def _names() -> dict[str, str]:
    return {row[0]: row[1] for row in _rows("iso3166.tab")}


@cache
def _zones() -> dict[str, list[str]]:
    zones: dict[str, list[str]] = {}
    for row in _rows("zone.tab"):
        zones.setdefault(row[0], []).append(row[2])
    return zones


def _rows(name: str) -> list[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def country_name(code: str) -> str | None:
    """The English short name of a country, or None where there is no such code."""
    return _names().get(code)


def single_time_zone(code: str) -> str | None:
    """The country's IANA zone where it has exactly one."""
    zones = _zones().get(code, [])
    return zones[0] if len(zones) == 1 else None
