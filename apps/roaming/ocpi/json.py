"""JSON without floats: numbers are read as `Decimal` and written with the digits they came with."""

import json
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any, Final

from apps.roaming.ocpi.errors import BrokenJson, InvalidMessage

# OCPI's own objects need nine. Writing takes two calls of Python per level.
MOST_LEVELS: Final = 100


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def text(body: bytes) -> str:
    """The text of a body. Raises BrokenJson when it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenJson(f"The body is not UTF-8: {error}") from None


def read(text: str) -> Any:
    """The value of a JSON text. Raises BrokenJson, and InvalidMessage for what nobody can store."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenJson(f"The body is no JSON: {error}"[:300]) from None
    except InvalidOperation:
        raise InvalidMessage("A number has an exponent that no number can have.") from None
    _check_depth(value)
    if "\\u" in text:
        _check_storable(value)
    return value


def _check_depth(value: Any) -> None:
    """What was read can be written, however deep in other calls. Level by level, no recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_LEVELS):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
        if not level:
            return
    raise BrokenJson(f"The body is nested deeper than {MOST_LEVELS} levels.")


def _check_storable(value: Any) -> None:
    """No NUL (PostgreSQL keeps none in text) and no half of a surrogate pair."""
    try:
        written = write(value).encode()
    except UnicodeEncodeError:
        raise InvalidMessage("A text holds half of a surrogate pair.") from None
    if b"\\u0000" in written:
        raise InvalidMessage("A text holds the character NUL.")


def write(value: Any) -> str:
    """The JSON text of a value as `read` gives it."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Any, add: Any) -> None:
    if isinstance(value, str):
        add(encode_basestring(value))
    elif value is None or isinstance(value, bool | int):
        add(json.dumps(value))
    elif isinstance(value, Decimal):
        add(str(value))
    elif isinstance(value, dict):
        _write_members(value, add)
    elif isinstance(value, list | tuple):
        _write_items(value, add)
    else:
        raise TypeError(f"{type(value).__name__} has no place in an OCPI message")


def _write_members(value: dict[str, Any], add: Any) -> None:
    add("{")
    for number, (name, member) in enumerate(value.items()):
        add((", " if number else "") + encode_basestring(name) + ": ")
        _write(member, add)
    add("}")


def _write_items(value: list[Any] | tuple[Any, ...], add: Any) -> None:
    add("[")
    for number, item in enumerate(value):
        if number:
            add(", ")
        _write(item, add)
    add("]")
