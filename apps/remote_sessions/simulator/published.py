"""What the simulated operator publishes: versions, credentials, locations and its tariffs."""

from datetime import datetime
from typing import Any

from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.charge import tariff

VERSION = "2.2.1"
UPDATED = "2026-11-01T00:00:00Z"
# Module and interface; the address is below the operator's own.
MODULES = (
    ("credentials", "SENDER"), ("locations", "SENDER"), ("tariffs", "SENDER"),
    ("sessions", "SENDER"), ("cdrs", "SENDER"), ("commands", "RECEIVER"), ("tokens", "RECEIVER"),
    ("chargingprofiles", "RECEIVER"),
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
    evses = [_evse(location, short) for short in location["evses"]]
    told = {name: value for name, value in location.items() if name != "asks_driver"}
    return {
        **told, "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
        "publish": True, "operator": {"name": catalogue.NAME}, "last_updated": UPDATED,
        "evses": evses,
    }  # fmt: skip


def _evse(location: dict[str, Any], short: str) -> dict[str, Any]:
    capabilities = ["REMOTE_START_STOP_CAPABLE", "RFID_READER", "CHARGING_PROFILE_CAPABLE"]
    tariffs_there = [catalogue.REGULAR]
    if location["asks_driver"]:
        capabilities.append("CHARGING_PREFERENCES_CAPABLE")
        tariffs_there = list(catalogue.PRICES)
    plug = {
        "id": "1", **catalogue.CONNECTOR, "max_voltage": catalogue.VOLT,
        "max_amperage": catalogue.AMPERE, "max_electric_power": catalogue.MAX_POWER_WATT,
        "tariff_ids": tariffs_there, "last_updated": UPDATED,
    }  # fmt: skip
    return {
        "uid": catalogue.evse_uid(location, short), "evse_id": catalogue.evse_id(short),
        "status": "AVAILABLE", "last_updated": UPDATED, "capabilities": capabilities,
        "connectors": [plug],
    }  # fmt: skip


def tariffs() -> list[dict[str, Any]]:
    updated = datetime.fromisoformat(UPDATED)
    return [
        {**tariff(tariff_id, updated), "type": kind}
        for tariff_id, kind in catalogue.TARIFF_OF.values()
    ]
