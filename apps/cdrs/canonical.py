"""When two messages say the same: a canonical form, and its hash."""

import hashlib
import json
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, cast

from apps.cdrs.messages import CdrMessage

# Written out in full, 1E+999999999 would fill the memory.
MAX_MAGNITUDE: Final = 40


def content_hash(message: CdrMessage) -> str:
    """SHA-256 (hex) of what the message says.

    The same for other spellings of it: 1.50 and 1.5, the same instant in another zone, another
    order of keys, a missing and an empty value, and identities that differ in case.
    """
    said = canonical(message)
    said["identity"] = list(message.identity)
    if not message.home_charging_compensation:
        # Hashes from before there was this field are the same.
        said.pop("home_charging_compensation")
    for name in ("raw", "country_code", "party_id", "cdr_id", "ocpi_version"):
        said.pop(name, None)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> Any:
    """The value in one spelling, of JSON types; empty parts of it are left out."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | Decimal):
        return number(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list | tuple):
        return [canonical(part) for part in value]
    if is_dataclass(value):
        value = {name: getattr(value, name) for name in _names(cast(Hashable, type(value)))}
    if isinstance(value, dict):
        parts = ((str(key), canonical(part)) for key, part in value.items())
        return {key: part for key, part in parts if part or part is False}
    return str(value)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind))


def number(value: int | Decimal) -> str:
    """The shortest plain spelling: 1.50 and 1.5 are "1.5", 100 and 1E+2 are "100"."""
    exact = Decimal(value)
    if abs(exact.adjusted()) > MAX_MAGNITUDE:
        return str(exact)
    text = format(exact, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if exact == 0 else text


def json_ready(value: Any) -> Any:
    """The value as a JSON column keeps it: numbers with decimals as text, digit for digit."""
    if isinstance(value, dict):
        return {str(key): json_ready(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(part) for part in value]
    if isinstance(value, Decimal):
        return str(value) if abs(value.adjusted()) > MAX_MAGNITUDE else format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return value
