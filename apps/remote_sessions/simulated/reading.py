"""Sessions and CDRs of the simulated operator, from OCPI 2.2.1 JSON to our messages."""

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.cdrs.messages import CdrMessage, Price, SessionMessage
from apps.core.errors import InvalidInput

# ISO 3166-1 alpha-3, which OCPI uses for locations, of where it has stations.
_COUNTRIES = {"NLD": "NL"}


class MessageUnreadable(InvalidInput):
    """What came is no OCPI session, CDR or result."""

    code = "MESSAGE_UNREADABLE"


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, numbers as Decimal. Raises MessageUnreadable."""
    try:
        content = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise MessageUnreadable(f"The body is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise MessageUnreadable("The body is no JSON object.")
    return content


def read_session(content: dict[str, Any], *, raw: str) -> SessionMessage:
    """Raises MessageUnreadable."""
    try:
        return SessionMessage(
            **_charge(content, raw), session_id=str(content["id"]), kwh=_number(content["kwh"]),
            location_id=content.get("location_id", ""), evse_uid=content.get("evse_uid", ""),
            connector_id=content.get("connector_id", ""), status=content["status"],
            last_updated=_time(content["last_updated"]),
            ended_at=_time(content["end_date_time"]) if "end_date_time" in content else None,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise MessageUnreadable(f"This is no OCPI session: {error!r}") from error


def read_cdr(content: dict[str, Any], *, raw: str) -> CdrMessage:
    """Raises MessageUnreadable."""
    try:
        place = content["cdr_location"]
        return CdrMessage(
            **_charge(content, raw), cdr_id=str(content["id"]),
            kwh=_number(content["total_energy"]), session_id=content.get("session_id", ""),
            ended_at=_time(content["end_date_time"]), location_id=place["id"],
            evse_uid=place.get("evse_uid", ""), evse_id=place.get("evse_id", ""),
            connector_id=place.get("connector_id", ""), location_name=place.get("name", ""),
            location_country=_COUNTRIES.get(place["country"], ""),
            location_postcode=place.get("postal_code", ""),
            power_type=place.get("connector_power_type", ""), tariffs=content.get("tariffs", []),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise MessageUnreadable(f"This is no OCPI CDR: {error!r}") from error


def _charge(content: dict[str, Any], raw: str) -> dict[str, Any]:
    token, cost = content["cdr_token"], content.get("total_cost") or {}
    return {
        "country_code": content["country_code"], "party_id": content["party_id"],
        "started_at": _time(content["start_date_time"]), "currency": content["currency"],
        "contract_id": token.get("contract_id", ""), "token_uid": token.get("uid", ""),
        "authorization_reference": content.get("authorization_reference", ""),
        "total_cost": Price(_amount(cost.get("excl_vat")), _amount(cost.get("incl_vat"))),
        "charging_periods": content.get("charging_periods", []), "raw": raw,
    }  # fmt: skip


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment


def _number(value: Any) -> Decimal:
    return Decimal(str(value))


def _amount(value: Any) -> Decimal | None:
    return None if value is None else _number(value)
