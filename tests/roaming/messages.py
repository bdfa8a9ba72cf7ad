"""Messages of an operator NL*CPO for tests, our own words in the form of OCPI."""

from typing import Any


def location(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "CPO", "id": f"LOC{number}", "publish": True,
        "name": f"Harbour {number}", "address": "Quay 1", "city": "Rotterdam",
        "postal_code": "3011 AA", "country": "NLD", "time_zone": "Europe/Amsterdam",
        "coordinates": {"latitude": "51.921000", "longitude": "4.482000"},
        "evses": [evse(number)], "last_updated": "2026-04-01T10:00:00Z",
    } | changes  # fmt: skip


def evse(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "uid": f"E{number}", "evse_id": f"NL*CPO*E{number}", "status": "AVAILABLE",
        "connectors": [connector()], "last_updated": "2026-04-01T10:00:00Z",
    } | changes  # fmt: skip


def connector(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "last_updated": "2026-04-01T10:00:00Z",
    } | changes  # fmt: skip


def session(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "CPO", "id": f"S{number}",
        "start_date_time": "2026-04-01T10:00:00Z", "kwh": 1.5, "auth_method": "WHITELIST",
        "cdr_token": {
            "country_code": "NL", "party_id": "EVC", "uid": "0401", "type": "RFID",
            "contract_id": "NL-EVC-C1",
        },
        "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1", "currency": "EUR",
        "status": "ACTIVE", "last_updated": "2026-04-01T10:05:00Z",
        "charging_periods": [period("2026-04-01T10:00:00Z", 1.5)],
    } | changes  # fmt: skip


def period(start: str, kwh: float) -> dict[str, Any]:
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def cdr(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "CPO", "id": f"CDR{number}",
        "start_date_time": "2026-04-01T10:00:00Z", "end_date_time": "2026-04-01T11:00:00Z",
        "cdr_token": {
            "country_code": "NL", "party_id": "EVC", "uid": "0401", "type": "RFID",
            "contract_id": "NL-EVC-C1",
        },
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1", "address": "Quay 1", "city": "Rotterdam", "country": "NLD",
            "coordinates": {"latitude": "51.921000", "longitude": "4.482000"}, "evse_uid": "E1",
            "evse_id": "NL*CPO*E1", "connector_id": "1", "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET", "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR", "charging_periods": [period("2026-04-01T10:00:00Z", 11.5)],
        "total_cost": {"excl_vat": 4.6, "incl_vat": 5.57}, "total_energy": 11.5, "total_time": 1,
        "last_updated": "2026-04-01T11:01:00Z",
    } | changes  # fmt: skip


def tariff(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "CPO", "id": f"T{number}", "currency": "EUR",
        "elements": [
            {"price_components": [{"type": "ENERGY", "price": 0.4, "vat": 21, "step_size": 1}]}
        ],
        "last_updated": "2026-04-01T10:00:00Z",
    } | changes  # fmt: skip
