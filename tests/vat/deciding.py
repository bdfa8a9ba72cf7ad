"""Asking for a decision in a test: a plain case of each supply, and what a test says of it."""

from typing import Any

from apps.vat.decision_json import decide_json
from apps.vat.rates import RateBook

RATES = RateBook.shipped()

# A Dutch provider, registered at home only; its ids are made up.
SELLER = {"supplier_country": "NL", "supplier_vat_registrations": ["NL"], "date": "2026-05-01"}

VALID_ID = {
    "DE": "DE136695976", "FR": "FR40303265045", "NL": "NL010000446B01", "XI": "XI980780684",
    "GR": "EL094259216", "BE": "BE0403019261", "IE": "IE6433435F", "GB": "GB980780684",
    "CH": "CHE-107.787.577 MWST", "NO": "NO995525828MVA", "ES": "ESB58378431",
}  # fmt: skip


def decide(supply: str, **facts: Any) -> dict[str, Any]:
    """The decision on 100.00 EUR; what is not said is a Dutch seller on 2026-05-01."""
    return decide_json({"supply": supply, "net": "100.00", **SELLER, **facts}, RATES)


def charge(station: str | None, **facts: Any) -> dict[str, Any]:
    """A driver's session at a station in a country, or "COUNTRY POSTCODE"."""
    country, _, postcode = (station or "").partition(" ")
    where = {"station_country": country or None, "station_postcode": postcode or None}
    return decide("charging_session", **{"customer_kind": "private", **where, **facts})


def business(country: str, *issuers: str, status: str | None = "valid") -> dict[str, Any]:
    """The facts of a business customer seated in a country, with ids of these issuers."""
    return {
        "customer_country": country,
        "customer_kind": "business",
        "customer_vat_ids": [VALID_ID[issuer] for issuer in issuers],
        "vat_id_status": status,
    }


def dealer(country: str, *issuers: str, status: str | None = "valid") -> dict[str, Any]:
    return {**business(country, *issuers, status=status), "customer_kind": "taxable_dealer"}


def brief(decision: dict[str, Any], *names: str) -> tuple[Any, ...]:
    """Some fields, by default what the tax is: status, country, rate, category."""
    return tuple(decision[name] for name in names or ("status", "tax_country", "rate", "category"))
