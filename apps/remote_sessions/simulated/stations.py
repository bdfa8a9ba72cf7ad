"""The simulated operator's stations among ours, as they would be after a pull over OCPI."""

from typing import Any

from django.db import transaction

from apps.audit.services import record
from apps.locations.models import Connector, Evse, Location, Operator
from apps.remote_sessions.simulator import catalogue


def add_simulated_stations() -> Operator:
    """Make them known; those that are there stay as they are."""
    with transaction.atomic():
        known = Operator.objects.filter(
            country_code=catalogue.COUNTRY, party_id=catalogue.PARTY
        ).first()
        operator: Operator = known or Operator(
            country_code=catalogue.COUNTRY, party_id=catalogue.PARTY, name=catalogue.NAME
        )
        record("added simulated operator", operator)
        for data in catalogue.LOCATIONS:
            if not Location.objects.filter(operator=operator, location_id=data["id"]).exists():
                _add_location(operator, data)
    return operator


def _add_location(operator: Operator, data: dict[str, Any]) -> None:
    location = Location(
        operator=operator, location_id=data["id"], name=data["name"], street=data["address"],
        postcode=data["postal_code"], city=data["city"], country="NL",
        time_zone=data["time_zone"], latitude=data["coordinates"]["latitude"],
        longitude=data["coordinates"]["longitude"],
    )  # fmt: skip
    record("added simulated location", location)
    for short in data["evses"]:
        evse = Evse(
            location=location, uid=catalogue.evse_uid(data, short),
            evse_id=catalogue.evse_id(short), status=Evse.Status.AVAILABLE,
        )  # fmt: skip
        record("added simulated EVSE", evse)
        record(
            "added simulated connector",
            Connector(evse=evse, connector_id="1", standard=catalogue.CONNECTOR["standard"],
                      power_type=catalogue.CONNECTOR["power_type"],
                      max_power_watt=catalogue.MAX_POWER_WATT),
        )  # fmt: skip
