"""Sessions of the three versions as the platform's SessionMessage."""

from typing import Any

from apps.cdrs.messages import SessionMessage
from apps.roaming.ocpi.charges import (
    authorization_reference,
    first_plug,
    owner_of,
    read_currency,
    read_periods,
    read_session_token,
)
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import LONGEST_LOCATION_ID
from apps.roaming.ocpi.prices import read_price

_STATUSES = {"PENDING", "ACTIVE", "COMPLETED", "INVALID", "RESERVATION"}


def read_session(fields: Fields, *, owner: PartyRef | None, raw: str) -> SessionMessage:
    """Raises InvalidMessage. `owner` is the operator when the message names none (2.1.1)."""
    operator = owner_of(fields, owner)
    return SessionMessage(
        country_code=operator.country_code,
        party_id=operator.party_id,
        session_id=fields.identifier("id"),
        status=_status(fields),
        # 2.1.1 spells it start_datetime and end_datetime.
        started_at=fields.opt_time("start_datetime") or fields.time("start_date_time"),
        ended_at=fields.opt_time("end_datetime") or fields.opt_time("end_date_time"),
        currency=read_currency(fields),
        kwh=fields.number("kwh"),
        authorization_reference=authorization_reference(fields),
        total_cost=read_price(fields, "total_cost"),
        charging_periods=read_periods(fields),
        last_updated=fields.time("last_updated"),
        raw=raw,
        **read_session_token(fields),
        **_place(fields),
    )


def _status(fields: Fields) -> str:
    """A status of a newer version is taken for PENDING, which decides nothing."""
    status = fields.text("status").upper()
    return status if status in _STATUSES else "PENDING"


def _place(fields: Fields) -> dict[str, Any]:
    location = fields.opt_object("location")
    if location is None:
        return {
            "location_id": fields.identifier("location_id", longest=LONGEST_LOCATION_ID),
            "evse_uid": fields.opt_text("evse_uid", longest=39),
            "connector_id": fields.opt_text("connector_id", longest=36),
        }
    evse_uid, evse_id, connector_id, _ = first_plug(location)
    return {
        "location_id": location.identifier("id", longest=LONGEST_LOCATION_ID),
        "evse_uid": evse_uid,
        "evse_id": evse_id,
        "connector_id": connector_id,
    }
