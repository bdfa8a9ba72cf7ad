"""JSON bodies of the API, read without losing a digit and without trusting their size."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

# Deeper than any message of the field, far from Python's recursion limit.
MAX_DEPTH: Final = 32


class ExactJSONParser(BaseParser):
    """Numbers with decimals become `Decimal`; the body stays at `request.body` as it came.

    A body above DATA_UPLOAD_MAX_MEMORY_SIZE is refused by its announced length, before it is
    read (RequestDataTooBig, which is 413).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        assert parser_context is not None  # noqa: S101 - DRF always gives one
        body: bytes = parser_context["request"]._request.body
        try:
            value = json.loads(body.decode(), parse_float=Decimal, parse_constant=_refuse_constant)
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: {error.reason}.") from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is no JSON: {error}.") from None
        _check_storable(value)
        return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _check_storable(value: Any) -> None:
    """Databases keep no null characters and no halves of characters."""
    level = [value]
    for _ in range(MAX_DEPTH):
        for part in level:
            _check_text(part)
        level = [inner for part in level for inner in _inside(part)]
        if not level:
            return
    raise ParseError("The body is nested too deeply.")


def _inside(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return [*part, *part.values()]
    return part if isinstance(part, list) else []


def _check_text(part: Any) -> None:
    if not isinstance(part, str):
        return
    if "\x00" in part:
        raise ParseError("The body holds a null character.")
    try:
        part.encode()
    except UnicodeEncodeError:
        raise ParseError("The body holds half a character (a lone surrogate).") from None
