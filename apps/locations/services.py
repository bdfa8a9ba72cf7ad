"""Operators, locations, EVSEs and connectors, as their operators publish them.

Each `upsert_` finds the record by its operator's id without regard to case, writes what differs,
and says whether it is new; the same details again write nothing.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.audit.context import Actor
from apps.audit.models import AuditedModel
from apps.audit.services import record
from apps.core.errors import InvalidInput
from apps.locations.models import Connector, Evse, Location, Operator


class StationInvalid(InvalidInput):
    """A field of an operator, location, EVSE or connector breaks a rule of form."""

    code = "STATION_INVALID"


@dataclass(frozen=True, slots=True)
class LocationDetails:
    """Where it is: `country` as in ISO 3166-1, `time_zone` of IANA, degrees north and east."""

    name: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    time_zone: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ConnectorDetails:
    """A plug: its OCPI standard ("IEC_62196_T2") and power type, and what it can give at most."""

    standard: str = ""
    power_type: str = ""
    max_power_watt: int | None = None


@transaction.atomic
def upsert_operator(
    *,
    country_code: str,
    party_id: str,
    name: str,
    sends_cdrs: bool = True,
    actor: Actor | None = None,
) -> tuple[Operator, bool]:
    """The operator of this OCPI party. Raises StationInvalid."""
    key = {"country_code": country_code.upper(), "party_id": party_id.upper()}
    operator = _first(Operator, **key) or Operator(**key)
    return operator, _write(operator, {"name": name, "sends_cdrs": sends_cdrs}, actor)


@transaction.atomic
def upsert_location(
    *, operator: Operator, location_id: str, details: LocationDetails, actor: Actor | None = None
) -> tuple[Location, bool]:
    """The operator's location of this id. Raises StationInvalid."""
    location = _first(Location, operator=operator, location_id__iexact=location_id)
    location = location or Location(operator=operator, location_id=location_id)
    return location, _write(location, asdict(details), actor)


@transaction.atomic
def upsert_evse(
    *,
    location: Location,
    uid: str,
    evse_id: str = "",
    status: str = Evse.Status.UNKNOWN,
    actor: Actor | None = None,
) -> tuple[Evse, bool]:
    """The location's EVSE of this uid. Raises StationInvalid."""
    evse = _first(Evse, location=location, uid__iexact=uid) or Evse(location=location, uid=uid)
    return evse, _write(evse, {"evse_id": evse_id, "status": status}, actor)


@transaction.atomic
def upsert_connector(
    *, evse: Evse, connector_id: str, details: ConnectorDetails, actor: Actor | None = None
) -> tuple[Connector, bool]:
    """The EVSE's connector of this id. Raises StationInvalid."""
    connector = _first(Connector, evse=evse, connector_id__iexact=connector_id)
    connector = connector or Connector(evse=evse, connector_id=connector_id)
    return connector, _write(connector, asdict(details), actor)


def _first(model: Any, **key: Any) -> Any:
    return model.objects.filter(**key).first()


def _write(station: AuditedModel, fields: dict[str, Any], actor: Actor | None) -> bool:
    for name, value in fields.items():
        setattr(station, name, value)
    is_new = station._state.adding
    try:
        station.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        words = "; ".join(f"{k}: {' '.join(v)}" for k, v in error.message_dict.items())
        raise StationInvalid(words, errors=error.message_dict) from error
    activity = f"{'created' if is_new else 'changed'} {station._meta.verbose_name}"
    record(activity, station, actor=actor)
    return is_new
