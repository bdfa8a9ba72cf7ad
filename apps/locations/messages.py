"""What the doors hand in: locations as their operator published them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ConnectorMessage:
    """A plug; power in W."""

    connector_id: str
    standard: str = ""
    power_type: str = ""
    max_power_watt: int | None = None


@dataclass(frozen=True, slots=True)
class EvseMessage:
    """A charging point with its plugs."""

    uid: str
    evse_id: str = ""
    status: str = ""
    connectors: tuple[ConnectorMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class LocationMessage:
    """A location with all its charging points; `country` is ISO 3166-1 alpha-2 or empty."""

    location_id: str
    last_updated: datetime
    name: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    time_zone: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    is_published: bool = True
    evses: tuple[EvseMessage, ...] = ()
