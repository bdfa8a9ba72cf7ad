"""What the simulated operator publishes: versions, credentials, locations and its tariff."""

from typing import Any

from apps.remote_sessions.simulator import catalogue

VERSION = "2.2.1"
UPDATED = "2026-01-01T00:00:00Z"
# Module and interface; the address is below the operator's own.
MODULES = (
    ("credentials", "SENDER"), ("locations", "SENDER"), ("tariffs", "SENDER"),
    ("sessions", "SENDER"), ("cdrs", "SENDER"), ("commands", "RECEIVER"), ("tokens", "RECEIVER"),
)  # fmt: skip


def versions(own: str) -> list[dict[str, str]]:
    return [{"version": VERSION, "url": f"{own}/ocpi/cpo/{VERSION}"}]


def details(own: str) -> dict[str, Any]:
    base = f"{own}/ocpi/cpo/{VERSION}"
    entries = [{"identifier": m, "role": role, "url": f"{base}/{m}"} for m, role in MODULES]
    return {"version": VERSION, "endpoints": entries}


def credentials(own: str, token: str) -> dict[str, Any]:
    role = {
        "role": "CPO", "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
        "business_details": {"name": catalogue.NAME},
    }  # fmt: skip
    return {"token": token, "url": f"{own}/versions", "roles": [role]}


def locations() -> list[dict[str, Any]]:
    return [_location(each) for each in catalogue.LOCATIONS]


def _location(location: dict[str, Any]) -> dict[str, Any]:
    shorts = location["evses"]
    return {
        **location, "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
        "publish": True, "operator": {"name": catalogue.NAME}, "last_updated": UPDATED,
        "evses": [_evse(catalogue.evse_uid(location, s), catalogue.evse_id(s)) for s in shorts],
    }  # fmt: skip


def _evse(uid: str, evse_id: str) -> dict[str, Any]:
    plug = {
        "id": "1", **catalogue.CONNECTOR,
        "max_voltage": 800, "max_amperage": 500, "max_electric_power": catalogue.MAX_POWER_WATT,
        "tariff_ids": ["SIM-KWH"], "last_updated": UPDATED,
    }  # fmt: skip
    return {
        "uid": uid, "evse_id": evse_id, "status": "AVAILABLE", "last_updated": UPDATED,
        "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER"], "connectors": [plug],
    }  # fmt: skip


def tariffs() -> list[dict[str, Any]]:
    price = {
        "type": "ENERGY", "price": float(catalogue.PRICE_PER_KWH),
        "vat": float(catalogue.VAT_PERCENT), "step_size": 1,
    }  # fmt: skip
    return [
        {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY, "id": "SIM-KWH",
            "currency": "EUR", "type": "REGULAR", "last_updated": UPDATED,
            "elements": [{"price_components": [price]}],
        }
    ]  # fmt: skip
