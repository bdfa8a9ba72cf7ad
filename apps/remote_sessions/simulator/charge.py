"""One charge at a simulated station, and how OCPI 2.2.1 tells it (mod_sessions, mod_cdrs)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apps.remote_sessions.simulator import catalogue

_CENT = Decimal("0.01")


@dataclass(slots=True)
class Charge:
    """Time is real; `kwh_per_second` is what makes a demo of a minute look like half an hour."""

    id: str
    token: dict[str, Any]
    authorization_reference: str | None
    location: dict[str, Any]
    evse: str
    connector_id: str
    kwh_per_second: Decimal
    started_at: datetime
    ended_at: datetime | None = None
    stopping: bool = field(default=False)

    @property
    def evse_uid(self) -> str:
        return catalogue.evse_uid(self.location, self.evse)

    def kwh(self, at: datetime) -> Decimal:
        """Energy until `at` (or the end), in kWh to the Wh."""
        seconds = ((self.ended_at or at) - self.started_at).total_seconds()
        return (self.kwh_per_second * Decimal(seconds)).quantize(Decimal("0.001"))

    def session(self, status: str, *, at: datetime) -> dict[str, Any]:
        """The Session object as it is at that moment."""
        session = {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY, "id": self.id,
            "start_date_time": stamp(self.started_at), "kwh": float(self.kwh(at)),
            "cdr_token": self._cdr_token(), "auth_method": "COMMAND",
            "authorization_reference": self.authorization_reference,
            "location_id": self.location["id"], "evse_uid": self.evse_uid,
            "connector_id": self.connector_id, "currency": "EUR",
            "charging_periods": [self._period(at)], "total_cost": self._cost(at),
            "status": status, "last_updated": stamp(at),
        }  # fmt: skip
        if self.ended_at is not None:
            session["end_date_time"] = stamp(self.ended_at)
        return {key: value for key, value in session.items() if value is not None}

    def cdr(self) -> dict[str, Any]:
        """The CDR object; only when it has ended."""
        assert self.ended_at is not None  # noqa: S101 - a running charge has no CDR
        hours = Decimal((self.ended_at - self.started_at).total_seconds()) / 3600
        cdr = {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
            "id": f"CDR-{self.id}", "start_date_time": stamp(self.started_at),
            "end_date_time": stamp(self.ended_at), "session_id": self.id,
            "cdr_token": self._cdr_token(), "auth_method": "COMMAND",
            "authorization_reference": self.authorization_reference,
            "cdr_location": self._cdr_location(), "currency": "EUR",
            "tariffs": [tariff(self.started_at)], "charging_periods": [self._period(self.ended_at)],
            "total_cost": self._cost(self.ended_at), "total_energy": float(self.kwh(self.ended_at)),
            "total_time": float(hours.quantize(Decimal("0.0001"))),
            "last_updated": stamp(self.ended_at),
        }  # fmt: skip
        return {key: value for key, value in cdr.items() if value is not None}

    def _cdr_token(self) -> dict[str, Any]:
        wanted = ("country_code", "party_id", "uid", "type", "contract_id")
        return {name: self.token[name] for name in wanted if name in self.token}

    def _cdr_location(self) -> dict[str, Any]:
        named = ("id", "name", "address", "city", "postal_code", "country", "coordinates")
        return {
            **{name: self.location[name] for name in named},
            "evse_uid": self.evse_uid, "evse_id": catalogue.evse_id(self.evse),
            "connector_id": self.connector_id,
            **{f"connector_{name}": value for name, value in catalogue.CONNECTOR.items()},
        }  # fmt: skip

    def _period(self, at: datetime) -> dict[str, Any]:
        return {
            "start_date_time": stamp(self.started_at), "tariff_id": "SIM-KWH",
            "dimensions": [{"type": "ENERGY", "volume": float(self.kwh(at))}],
        }  # fmt: skip

    def _cost(self, at: datetime) -> dict[str, float]:
        net = (self.kwh(at) * Decimal(catalogue.PRICE_PER_KWH)).quantize(_CENT, ROUND_HALF_UP)
        gross = net * (1 + Decimal(catalogue.VAT_PERCENT) / 100)
        return {
            "excl_vat": float(net),
            "incl_vat": float(gross.quantize(_CENT, ROUND_HALF_UP)),
        }


def tariff(last_updated: datetime) -> dict[str, Any]:
    """The operator's only tariff: energy by the kWh."""
    component = {
        "type": "ENERGY", "price": float(catalogue.PRICE_PER_KWH),
        "vat": float(catalogue.VAT_PERCENT), "step_size": 1,
    }  # fmt: skip
    return {
        "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY, "id": "SIM-KWH",
        "currency": "EUR", "elements": [{"price_components": [component]}],
        "last_updated": stamp(last_updated),
    }  # fmt: skip


def stamp(moment: datetime) -> str:
    """OCPI's DateTime: UTC with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
