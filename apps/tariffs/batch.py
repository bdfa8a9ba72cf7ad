"""Prices lines of JSON: the form of `manage.py price_cdrs`, one CDR per line."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apps.core.errors import DomainError, InvalidInput
from apps.tariffs.ocpi.fields import UnreadableField, read_mapping
from apps.tariffs.ocpi.tariffs import check_version, prepare_tariff
from apps.tariffs.pricing import price_cdr

Json = dict[str, Any]
# A tariff of 10,000 elements takes 2 million.
MOST_CHARACTERS: Final = 20_000_000


class InvalidJson(InvalidInput):
    """The line is no JSON object."""

    code = "INVALID_JSON"


class LineTooLong(InvalidInput):
    """The line is longer than any CDR with its tariff can reasonably be."""

    code = "LINE_TOO_LONG"


def price_line(line: str) -> Json:
    """The answer to one line: the priced CDR, or its id with a coded error."""
    request: Json = {}
    try:
        request = _parse(line)
        return _price(request)
    except DomainError as error:
        return _refuse(request, error.code, error.message)
    except ArithmeticError as error:
        return _refuse(request, "NOT_COMPUTABLE", f"The numbers can't be computed with: {error}.")


def _parse(line: str) -> Json:
    if len(line) > MOST_CHARACTERS:
        raise LineTooLong(f"The line has more than {MOST_CHARACTERS:,} characters.")
    try:
        # NaN and Infinity aren't JSON, but Python's reader takes them; as Decimals they are refused
        # where a number stands, and are text where an id stands.
        request = json.loads(line, parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"The line can't be read as JSON: {error}") from None
    except ArithmeticError:
        raise InvalidJson("The line has a number that is out of any range.") from None
    if not isinstance(request, dict):
        raise InvalidJson("The line is no JSON object.")
    return request


def _price(request: Json) -> Json:
    version = check_version(request.get("ocpi_version"))
    cdr = read_mapping(request.get("cdr"), "cdr")
    beside = [] if cdr.get("tariffs") else _tariffs_beside(request)
    priced = price_cdr(
        cdr,
        version=version,
        tariffs=[prepare_tariff(tariff, version=version) for tariff in beside],
        time_zone=_time_zone(request),
    )
    return {**priced.as_json(), "id": _identify(request)}


def _tariffs_beside(request: Json) -> list[Any]:
    """The tariff given beside the CDR; a list of several is understood, too."""
    tariff = request.get("tariff")
    if tariff is None:
        return []
    return tariff if isinstance(tariff, list) else [tariff]


def _time_zone(request: Json) -> str | None:
    zone = request.get("time_zone")
    if zone is None or isinstance(zone, str):
        return zone
    raise UnreadableField("time_zone", "is no text")


def _identify(request: Json) -> Any:
    """The line's id, else that of its CDR."""
    if request.get("id") is not None:
        return request["id"]
    cdr = request.get("cdr")
    return cdr.get("id") if isinstance(cdr, Mapping) else None


def _refuse(request: Json, code: str, message: str) -> Json:
    return {"id": _identify(request), "error": {"code": code, "message": message}}
