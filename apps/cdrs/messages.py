"""What the doors hand in: a CDR or a session as it was read, before we judge it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Price:
    """An amount as sent, in the message's currency; None where the sender says nothing."""

    excl_vat: Decimal | None = None
    incl_vat: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeMessage:
    """What a CDR and a session say alike.

    `country_code` and `party_id` are the operator's; `location_country` is ISO 3166-1 alpha-2.
    `charging_periods` are as OCPI has them (`start_date_time`, `dimensions`, `tariff_id`), numbers
    as Decimal or text. `raw` is the message exactly as it came.
    """

    country_code: str
    party_id: str
    started_at: datetime
    currency: str
    kwh: Decimal
    contract_id: str = ""
    token_uid: str = ""
    location_id: str = ""
    evse_uid: str = ""
    evse_id: str = ""
    connector_id: str = ""
    authorization_reference: str = ""
    session_id: str = ""
    total_cost: Price = Price()
    charging_periods: list[dict[str, Any]] = field(default_factory=list)
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrMessage(ChargeMessage):
    """A charge detail record: the operator's final bill of one session.

    `home_charging_compensation`: at the driver's own charger, whose energy the driver has paid.
    """

    cdr_id: str
    ended_at: datetime
    external_id: str = ""
    location_name: str = ""
    location_country: str = ""
    location_postcode: str = ""
    location_time_zone: str = ""
    power_type: str = ""
    ocpi_version: str = ""
    energy_cost: Price = Price()
    time_cost: Price = Price()
    parking_cost: Price = Price()
    fixed_cost: Price = Price()
    reservation_cost: Price = Price()
    tariffs: list[dict[str, Any]] = field(default_factory=list)
    is_credit: bool = False
    credit_reference_id: str = ""
    remark: str = ""
    home_charging_compensation: bool = False

    @property
    def identity(self) -> tuple[str, str, str]:
        """Country code, party and CDR id, as they are compared: without case."""
        return (self.country_code.upper(), self.party_id.upper(), self.cdr_id.upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMessage(ChargeMessage):
    """The state of a live session at `last_updated`, by the operator's clock.

    `session_id` must be there; `status` is one of ChargingSession.Status.
    """

    status: str
    last_updated: datetime
    ended_at: datetime | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """Country code, party and session id, as they are compared: without case."""
        return (self.country_code.upper(), self.party_id.upper(), self.session_id.upper())
