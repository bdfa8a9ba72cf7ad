"""Commands and charging profiles: requests as each version writes them, answers as they come."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.times import write_time
from apps.roaming.ocpi.tokens import TokenMessage, Written, write_token
from apps.roaming.ocpi.versions import Version


class Command(StrEnum):
    """`mod_commands`, CommandType; the three requests of `mod_charging_profiles`, and the one of
    `mod_sessions`."""

    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    RESERVE_NOW = "RESERVE_NOW"
    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"
    SET_CHARGING_PROFILE = "SET_CHARGING_PROFILE"
    GET_CHARGING_PROFILE = "GET_CHARGING_PROFILE"
    CLEAR_CHARGING_PROFILE = "CLEAR_CHARGING_PROFILE"
    CHARGING_PREFERENCES = "CHARGING_PREFERENCES"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a command, at once (CommandResponse) or later (CommandResult).

    `timeout` is in seconds, None when the message says none.
    """

    result: str
    timeout: int | None = None
    message: str = ""

    @property
    def accepted(self) -> bool:
        return self.result == "ACCEPTED"


def read_reply(body: Any) -> Reply:
    """Charging preferences are answered by the word alone. Raises InvalidMessage."""
    if isinstance(body, str):
        body = {"result": body}
    fields = Fields.of(body, "")
    return Reply(
        result=fields.text("result", longest=40).upper(),
        timeout=_seconds(body.get("timeout")),
        message=_text_of(body.get("message")),
    )


def _seconds(timeout: Any) -> int | None:
    """At most a day; what can't be read says nothing, and is no reason to doubt the result."""
    is_number = isinstance(timeout, int | Decimal) and not isinstance(timeout, bool)
    return int(timeout) if is_number and 0 <= timeout <= 86_400 else None


def _text_of(message: Any) -> str:
    """The first text: a list of DisplayText from 2.2 on, some send one object or a text."""
    if isinstance(message, list):
        message = message[0] if message else ""
    if isinstance(message, dict):
        message = message.get("text", "")
    return message[:512] if isinstance(message, str) else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command goes; empty ids are left open."""

    location_id: str
    evse_uid: str = ""
    connector_id: str = ""


def write_start(
    *, token: TokenMessage, place: Place, reference: str, response_url: str, version: Version,
    reference_name: str,
) -> Written:  # fmt: skip
    """StartSession; 2.1.1 can't name a connector nor, without Gireve's field, a reference."""
    body = {
        "response_url": response_url,
        "token": write_token(token, version).body,
        "location_id": place.location_id,
        "evse_uid": place.evse_uid,
    }
    unsaid = []
    if version.has_roles:
        body["connector_id"] = place.connector_id
    elif place.connector_id:
        unsaid.append("connector_id")
    if reference_name:
        body[reference_name] = reference
    elif reference:
        unsaid.append("authorization_reference")
    return Written({name: value for name, value in body.items() if value != ""}, tuple(unsaid))


def write_stop(*, session_id: str, response_url: str) -> Written:
    """StopSession."""
    return Written({"response_url": response_url, "session_id": session_id})


def write_reservation(
    *, token: TokenMessage, place: Place, expires_at: datetime, reservation_id: str,
    reference: str, response_url: str, version: Version,
) -> Written:  # fmt: skip
    """ReserveNow; the reservation id of 2.1.1 is a number."""
    body: dict[str, Any] = {
        "response_url": response_url,
        "token": write_token(token, version).body,
        "expiry_date": write_time(expires_at),
        "reservation_id": _reservation_id(reservation_id, version),
        "location_id": place.location_id,
    }
    if place.evse_uid:
        body["evse_uid"] = place.evse_uid
    if reference and version.has_roles:
        body["authorization_reference"] = reference
    unsaid = ("authorization_reference",) if reference and not version.has_roles else ()
    return Written(body, unsaid)


def _reservation_id(reservation_id: str, version: Version) -> Any:
    return reservation_id if version.has_roles else int(reservation_id)


def write_cancellation(*, reservation_id: str, response_url: str, version: Version) -> Written:
    """CancelReservation; 2.1.1 has no such command."""
    return Written(
        {"response_url": response_url, "reservation_id": _reservation_id(reservation_id, version)}
    )


def write_unlock(*, place: Place, response_url: str) -> Written:
    """UnlockConnector."""
    return Written(
        {
            "response_url": response_url,
            "location_id": place.location_id,
            "evse_uid": place.evse_uid,
            "connector_id": place.connector_id,
        }
    )


def write_charging_profile(
    *, limit: Decimal, unit: str, seconds: int | None, now: datetime
) -> dict[str, Any]:
    """ChargingProfile of one limit, in W or A; without `seconds` it holds until the end.

    With `seconds` it starts now: a profile without a start counts from the start of the charge,
    and would be over in one that began earlier.
    """
    from_now = {} if seconds is None else {"start_date_time": write_time(now), "duration": seconds}
    period = {"start_period": 0, "limit": limit}
    return {**from_now, "charging_rate_unit": unit, "charging_profile_period": [period]}


def write_charging_preferences(
    *, profile_type: str, departure: datetime | None, kwh: Decimal | None, may_discharge: bool
) -> dict[str, Any]:
    """ChargingPreferences (`mod_sessions`)."""
    body: dict[str, Any] = {"profile_type": profile_type, "discharge_allowed": may_discharge}
    if departure is not None:
        body["departure_time"] = write_time(departure)
    if kwh is not None:
        body["energy_need"] = kwh
    return body
