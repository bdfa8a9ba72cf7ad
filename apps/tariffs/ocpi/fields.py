"""Single values out of OCPI JSON: numbers, times, texts; refused with the path to the field."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.times import can_have_happened

LARGEST_NUMBER = Decimal(10) ** 12
SMALLEST_NUMBER = -LARGEST_NUMBER
# 1e-999999 is short to send and takes a megabyte to write out.
SMALLEST_EXPONENT = -40
NOTHING = Decimal(0)
SHORTEST_TIMESTAMP = len("2015-06-29T20:39")


class UnreadableField(InvalidInput):
    """A field is missing, or holds what can't be read as its type; `details["path"]` says where."""

    code = "UNREADABLE_FIELD"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}", path=path)
        self.path = path
        self.problem = problem

    def inside(self, parent: str) -> "UnreadableField":
        """The same error, told from one level further out."""
        return type(self)(f"{parent}.{self.path}", self.problem)


def read_number(value: object, name: str) -> Decimal:
    """A JSON number, or a string that holds one (the 2.1.1 text writes `"price": "2.00"`).

    Kept exactly up to 28 significant digits; what is smaller than 1e-40 is nothing. Raises
    UnreadableField, also for what is no money and no measurement: infinities, and amounts of a
    million millions and more.
    """
    number = value if type(value) is Decimal else _to_decimal(value, name)
    try:
        if SMALLEST_NUMBER < number < LARGEST_NUMBER:
            number = +number
            return number if number.adjusted() > SMALLEST_EXPONENT else NOTHING
    except InvalidOperation:  # a NaN can't be compared
        pass
    raise UnreadableField(name, f"{shorten(value)} is out of range")


def _to_decimal(value: object, name: str) -> Decimal:
    if value is None:
        raise UnreadableField(name, "is missing")
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise UnreadableField(name, f"{shorten(value)} is no number")
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise UnreadableField(name, f"{shorten(value)} is no number") from None


def read_optional_number(raw: Mapping[str, Any], name: str) -> Decimal | None:
    """The number under this name, None when it is absent or null. Raises UnreadableField."""
    value = raw.get(name)
    return None if value is None else read_number(value, name)


def read_instant(value: object, name: str) -> datetime:
    """An OCPI DateTime (types, DateTime): RFC 3339, without a designator it is UTC.

    Raises UnreadableField.
    """
    try:
        instant = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        instant = _read_loose_instant(value, name)
    if instant.tzinfo is UTC:
        return instant
    if len(str(value)) < SHORTEST_TIMESTAMP:
        raise UnreadableField(name, f"{shorten(value)} is no timestamp")
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise UnreadableField(name, f"{shorten(value)} is no timestamp") from None


def read_instant_of_charge(value: object, name: str) -> datetime:
    """As read_instant, and no placeholder. Raises UnreadableField."""
    instant = read_instant(value, name)
    if not can_have_happened(instant):
        raise UnreadableField(name, f"{shorten(value)} is no time of a charge")
    return instant


_UNPADDED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?Z?")


def _read_loose_instant(value: object, name: str) -> datetime:
    """`1970-1-1T00:00:00Z`, as mod_cdrs itself writes an unknown time."""
    if value is None:
        raise UnreadableField(name, "is missing")
    match = _UNPADDED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnreadableField(name, f"{shorten(value)} is no timestamp")
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        raise UnreadableField(name, f"{shorten(value)} is no timestamp") from None


def read_mapping(value: object, name: str) -> Mapping[str, Any]:
    """A JSON object. Raises UnreadableField."""
    if type(value) is dict:
        return value
    if isinstance(value, Mapping):
        return value
    raise UnreadableField(name, "is missing" if value is None else "is no object")


def read_list(value: object, name: str) -> list[Any]:
    """A JSON array; absent and null are an empty one. Raises UnreadableField."""
    if type(value) is list:
        return value
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    raise UnreadableField(name, "is no list")


def read_text(value: object) -> str:
    """A string as sent, a number as its digits, anything else as an empty text."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return ""


def shorten(value: object, limit: int = 40) -> str:
    """The value for an error message, without flooding it."""
    text = repr(value) if not isinstance(value, Decimal) else str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
