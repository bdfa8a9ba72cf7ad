"""CDRs of the three versions as the platform's CdrMessage.

A CDR is somebody's claim for money, so that only what can't be read as one is refused here:
identity, times, currency, total, energy and token must be there.
"""

from typing import Any

from apps.cdrs.messages import CdrMessage
from apps.roaming.ocpi.charges import (
    authorization_reference,
    first_plug,
    owner_of,
    read_currency,
    read_periods,
    read_token,
)
from apps.roaming.ocpi.countries import two_letters
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import LONGEST_LOCATION_ID
from apps.roaming.ocpi.prices import read_price
from apps.roaming.ocpi.versions import Version

_POWER_TYPES = {"AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"}


def read_cdr(fields: Fields, *, owner: PartyRef | None, version: Version, raw: str) -> CdrMessage:
    """Raises InvalidMessage. `owner` is the operator when the message names none (2.1.1).

    `version` is the one it was sent in: the same tariff costs differently in each.
    """
    operator = owner_of(fields, owner)
    fields.time("last_updated")
    fields.number("total_energy")
    if not isinstance(fields.members.get("total_cost"), dict):
        fields.number("total_cost")
    place = _place(fields)
    return CdrMessage(
        country_code=operator.country_code,
        party_id=operator.party_id,
        cdr_id=fields.identifier("id", longest=39),
        session_id=fields.opt_text("session_id", longest=100),
        started_at=fields.time("start_date_time"),
        # 2.1.1 calls the end `stop_date_time`.
        ended_at=fields.opt_time("stop_date_time") or fields.time("end_date_time"),
        currency=read_currency(fields),
        kwh=fields.number("total_energy"),
        authorization_reference=authorization_reference(fields),
        total_cost=read_price(fields, "total_cost"),
        energy_cost=read_price(fields, "total_energy_cost"),
        time_cost=read_price(fields, "total_time_cost"),
        parking_cost=read_price(fields, "total_parking_cost"),
        fixed_cost=read_price(fields, "total_fixed_cost"),
        reservation_cost=read_price(fields, "total_reservation_cost"),
        charging_periods=read_periods(fields),
        tariffs=[tariff.members for tariff in fields.objects("tariffs")],
        is_credit=fields.flag("credit"),
        credit_reference_id=fields.opt_text("credit_reference_id", longest=39),
        remark=fields.opt_text("remark"),
        home_charging_compensation=fields.flag("home_charging_compensation"),
        ocpi_version=version.value,
        raw=raw,
        **read_token(fields),
        **place,
    )


def _place(fields: Fields) -> dict[str, Any]:
    location = fields.opt_object("cdr_location")
    if location is None:
        return _place_2_1_1(fields.object("location"))
    power = location.opt_text("connector_power_type")
    return {
        **_address(location),
        "evse_uid": location.opt_text("evse_uid", longest=39),
        "evse_id": location.opt_text("evse_id", longest=48),
        "connector_id": location.opt_text("connector_id", longest=36),
        "power_type": power if power in _POWER_TYPES else "",
    }


def _place_2_1_1(location: Fields) -> dict[str, Any]:
    """The whole location, with only the EVSE and connector that were used."""
    evse_uid, evse_id, connector_id, power = first_plug(location)
    return {
        **_address(location),
        "evse_uid": evse_uid,
        "evse_id": evse_id,
        "connector_id": connector_id,
        "power_type": power if power in _POWER_TYPES else "",
    }


def _address(location: Fields) -> dict[str, Any]:
    return {
        "location_id": location.identifier("id", longest=LONGEST_LOCATION_ID),
        "location_name": location.known_text("name")[:255],
        "location_country": two_letters(location.opt_text("country")),
        "location_postcode": location.known_text("postal_code")[:20],
        "location_time_zone": location.known_text("time_zone")[:50],
    }
