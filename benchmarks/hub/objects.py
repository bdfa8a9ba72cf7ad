"""An operator's objects as each version of the specification writes them."""

import time
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]


def stamp(at: float | None = None) -> str:
    """RFC 3339 in UTC with milliseconds, now when no time is given."""
    at = time.time() if at is None else at
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{seconds}.{int(at * 1000) % 1000:03}Z"


@dataclass(frozen=True)
class Operator:
    """Writes the objects of one operator in one version."""

    version: str
    country: str
    party: str

    @property
    def old(self) -> bool:
        """2.1.1: no parties in objects, other names, costs are numbers."""
        return self.version == "2.1.1"

    @property
    def owner(self) -> Message:
        return {} if self.old else {"country_code": self.country, "party_id": self.party}

    def location(self, number: int, **changes: Any) -> Message:
        kind = {"type": "ON_STREET"} if self.old else {"publish": True}
        return {
            **self.owner, **kind, "id": f"L{number}", "name": f"Quay {number}",
            "address": f"Quay {number}", "city": "Rotterdam", "postal_code": "3011 AA",
            "country": "NLD", "time_zone": "Europe/Amsterdam",
            "coordinates": {"latitude": "51.921000", "longitude": "4.482000"},
            "evses": [self.evse(number)], "last_updated": stamp(), **changes,
        }  # fmt: skip

    def evse(self, number: int, **changes: Any) -> Message:
        return {
            "uid": f"E{number}", "evse_id": f"{self.country}*{self.party}*E{number}",
            "status": "AVAILABLE", "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
            "connectors": [self.connector()], "last_updated": stamp(), **changes,
        }  # fmt: skip

    def connector(self, **changes: Any) -> Message:
        power = (
            {"voltage": 230, "amperage": 16, "tariff_id": "T1"}
            if self.old
            else {"max_voltage": 230, "max_amperage": 16, "tariff_ids": ["T1"]}
        )
        return {
            "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
            **power, "last_updated": stamp(), **changes,
        }  # fmt: skip

    def tariff(self, number: int, price: float = 0.4, **changes: Any) -> Message:
        component: Message = {"type": "ENERGY", "price": price, "step_size": 1}
        if not self.old:
            component["vat"] = 21.0
        taxes = {"tax_included": "NO"} if self.version == "2.3.0" else {}
        return {
            **self.owner, "id": f"T{number}", "currency": "EUR", **taxes,
            "elements": [{"price_components": [component]}], "last_updated": stamp(), **changes,
        }  # fmt: skip

    def price(self, before: float) -> Any:
        tax = round(before * 0.21, 4)
        if self.old:
            return before
        if self.version == "2.3.0":
            return {
                "before_taxes": before,
                "taxes": [{"name": "VAT", "percentage": 21.0, "amount": tax}],
            }
        return {"excl_vat": before, "incl_vat": round(before + tax, 4)}

    def period(self, start: str, kwh: float) -> Message:
        return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}

    def session(
        self, session_id: str, token: Message, *, started: float, status: str = "ACTIVE",
        kwh: float = 1.5, number: int = 1, reference: str = "", **changes: Any,
    ) -> Message:  # fmt: skip
        """At EVSE `number`; `token` as we gave it."""
        start = stamp(started)
        common: Message = {
            "id": session_id, "kwh": kwh, "auth_method": "WHITELIST", "currency": "EUR",
            "charging_periods": [self.period(start, kwh)], "total_cost": self.price(0.6),
            "status": status, "last_updated": stamp(),
        }  # fmt: skip
        if self.old:
            place: Message = {
                "start_datetime": start, "auth_id": token["auth_id"],
                "location": self.location(number),
            }  # fmt: skip
        else:
            place = {
                "start_date_time": start, "cdr_token": self.cdr_token(token),
                "location_id": f"L{number}", "evse_uid": f"E{number}", "connector_id": "1",
            }  # fmt: skip
            if reference:
                place["authorization_reference"] = reference
        return {**self.owner, **common, **place, **changes}

    def ended(self, session: Message) -> Message:
        """The session, COMPLETED now."""
        end = {("end_datetime" if self.old else "end_date_time"): stamp()}
        return {**session, **end, "status": "COMPLETED", "last_updated": stamp()}

    def cdr_token(self, token: Message) -> Message:
        names = ("country_code", "party_id", "uid", "type", "contract_id")
        return {name: token[name] for name in names}

    def cdr(
        self, cdr_id: str, token: Message, *, started: float, number: int = 1,
        session_id: str = "", reference: str = "", **changes: Any,
    ) -> Message:  # fmt: skip
        start, end = stamp(started), stamp(started + 3600)
        common: Message = {
            "id": cdr_id, "start_date_time": start, "auth_method": "WHITELIST", "currency": "EUR",
            "charging_periods": [self.period(start, 11.5)], "total_cost": self.price(4.6),
            "total_energy": 11.5, "total_time": 1.0, "last_updated": stamp(),
        }  # fmt: skip
        if self.old:
            own: Message = {
                "stop_date_time": end, "auth_id": token["auth_id"],
                "location": self.location(number),
            }  # fmt: skip
        else:
            own = {
                "end_date_time": end, "cdr_token": self.cdr_token(token),
                "cdr_location": self._cdr_location(number),
            }  # fmt: skip
            if session_id:
                own["session_id"] = session_id
            if reference:
                own["authorization_reference"] = reference
        return {**self.owner, **common, **own, **changes}

    def _cdr_location(self, number: int) -> Message:
        return {
            "id": f"L{number}", "name": f"Quay {number}", "address": f"Quay {number}",
            "city": "Rotterdam", "postal_code": "3011 AA", "country": "NLD",
            "coordinates": {"latitude": "51.921000", "longitude": "4.482000"},
            "evse_uid": f"E{number}", "evse_id": f"{self.country}*{self.party}*E{number}",
            "connector_id": "1", "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET", "connector_power_type": "AC_3_PHASE",
        }  # fmt: skip

    def foreign_token(self, number: int) -> Message:
        """A token of another eMSP that the hub lists."""
        names = {"auth_id": f"FOREIGN-{number}"} if self.old else {
            **self.owner, "contract_id": f"FOREIGN-{number}"}  # fmt: skip
        return {
            **names, "uid": f"F{number}", "type": "RFID", "issuer": "Another", "valid": True,
            "whitelist": "ALWAYS", "last_updated": stamp(),
        }  # fmt: skip

    def client_info(self, party: str, status: str = "CONNECTED") -> Message:
        return {
            "country_code": self.country, "party_id": party, "role": "CPO", "status": status,
            "last_updated": stamp(),
        }  # fmt: skip
