"""Locations, EVSEs and connectors of the three versions as the platform's one form.

2.1.1 has no parties in the object, no `publish` and no time zone rule; the names of what is read
here are the same in all three, and of two lengths the longer one counts. Anything else stays in the
raw message.
"""

from decimal import Decimal
from typing import Final

from apps.locations.messages import ConnectorMessage, EvseMessage, LocationMessage
from apps.roaming.ocpi.countries import two_letters
from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields

# Those of 2.1.1; 36 since 2.2.
LONGEST_LOCATION_ID: Final = 39
LONGEST_EVSE_UID: Final = 39
# Of how many phases `max_voltage` is one; a split phase is given between its ends.
_PHASES: Final = {"AC_2_PHASE": 2, "AC_3_PHASE": 3}


def operator_name(fields: Fields) -> str:
    """The name of the location's operator; Gireve puts the party of the CPO there (FR*CPO)."""
    operator = fields.opt_object("operator")
    return (operator.opt_text("name") if operator else "")[:200]


def read_location(fields: Fields) -> LocationMessage:
    """Raises InvalidMessage."""
    place = fields.object("coordinates")
    for required in ("address", "city", "country"):
        fields.text(required)
    return LocationMessage(
        location_id=fields.identifier("id", longest=LONGEST_LOCATION_ID),
        name=fields.known_text("name")[:255],
        street=fields.known_text("address")[:255],
        postcode=fields.known_text("postal_code")[:20],
        city=fields.known_text("city")[:100],
        country=two_letters(fields.text("country")),
        time_zone=fields.known_text("time_zone")[:50],
        is_published=fields.members.get("publish") is None or fields.flag("publish"),
        latitude=_degrees(place, "latitude", 90),
        longitude=_degrees(place, "longitude", 180),
        evses=tuple(read_evse(evse) for evse in fields.objects("evses")),
        last_updated=fields.time("last_updated"),
    )


def read_evse(fields: Fields) -> EvseMessage:
    """Raises InvalidMessage. `last_updated` is missing in an example of the specification."""
    fields.opt_time("last_updated")
    return EvseMessage(
        uid=fields.identifier("uid", longest=LONGEST_EVSE_UID),
        evse_id=fields.known_text("evse_id", longest=48),
        status=fields.text("status", longest=36).upper(),
        connectors=tuple(read_connector(plug) for plug in fields.objects("connectors")),
    )


def read_connector(fields: Fields) -> ConnectorMessage:
    """Raises InvalidMessage."""
    fields.opt_time("last_updated")
    return ConnectorMessage(
        connector_id=fields.identifier("id"),
        standard=fields.text("standard")[:30],
        power_type=fields.opt_text("power_type")[:20],
        max_power_watt=_power(fields),
    )


def _power(fields: Fields) -> int | None:
    """As said (2.2), else from volts and amperes: phase voltage in 2.1.1 and 2.2 alike."""
    if (power := fields.opt_int("max_electric_power")) is not None:
        return power if 0 <= power < 2**31 else None
    volts = fields.opt_int("max_voltage") or fields.opt_int("voltage")
    amperes = fields.opt_int("max_amperage") or fields.opt_int("amperage")
    if not volts or not amperes:
        return None
    watt = volts * amperes * _PHASES.get(fields.opt_text("power_type"), 1)
    return watt if 0 <= watt < 2**31 else None


def _degrees(place: Fields, name: str, most: int) -> Decimal | None:
    """Degrees are texts; some peers send numbers. What is not on earth is left out, not refused."""
    value = place.members.get(name)
    if value is None:
        raise InvalidMessage(f"Missing required field: {place.path}.{name}.", field=name)
    try:
        degrees = Decimal(str(value).strip())
    except ArithmeticError:
        raise InvalidMessage(
            f"{place.path}.{name} must be decimal degrees.", field=f"{place.path}.{name}"
        ) from None
    if not degrees.is_finite() or degrees.copy_abs() > most:
        return None
    return degrees.quantize(Decimal("0.000001"))
