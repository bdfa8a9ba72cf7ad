"""Parts of countries with a VAT of their own, known by their postcode (art. 5 to 7)."""

from datetime import date
from typing import Any

import pytest

from apps.vat.territories import TERRITORIES, Area, Tax, find_place
from tests.vat.deciding import RATES, brief, business, charge


@pytest.mark.parametrize(
    ("station", "country", "rate", "territory"),
    [
        ("PT 9000-123", "PT", "22", "PT-30"),
        ("PT 9499", "PT", "22", "PT-30"),
        ("PT 9500-001", "PT", "16", "PT-20"),
        ("PT 8999", "PT", "23", "PT"),
        ("AT 6691", "AT", "19", "AT-6691"),
        ("AT 6992", "AT", "19", "AT-699x"),
        ("AT 6900", "AT", "20", "AT"),
        ("GB BT7 1NN", "XI", "20", "XI"),
        ("GB B1 1AA", "GB", "20", "GB"),
        ("XI", "XI", "20", "XI"),
        ("DE 78266", "CH", "8.1", "DE-78266"),
        ("FR 97110", "FR", "8.5", "FR-971"),
        ("FR 97200", "FR", "8.5", "FR-972"),
        ("RE", "FR", "8.5", "FR-974"),
    ],
)
def test_territories_have_their_own_rate(
    station: str, country: str, rate: str, territory: str
) -> None:
    decision = charge(station, supplier_vat_registrations=["PT", "AT", "GB", "XI", "CH", "FR"])
    assert brief(decision) == ("ok", country, rate, "S")
    assert decision["tax_territory"] == territory
    assert decision["seller_vat_country"] == country


@pytest.mark.parametrize("station", ["DE 27498", "IT 23041", "FR 97300", "FR 97600", "GR 63086"])
def test_no_vat_where_none_is_levied(station: str) -> None:
    for country in ("NL", station[:2]):
        decision = charge(station, supplier_country=country)
        assert brief(decision) == ("ok", None, "0", "O")
        assert decision["flags"] == ["outside_eu_vat_area"]


@pytest.mark.parametrize(
    ("station", "flags"),
    [
        ("ES 35001", ["outside_eu_vat_area", "local_tax:IGIC"]),
        ("ES 38001", ["outside_eu_vat_area", "local_tax:IGIC"]),
        ("ES 51001", ["outside_eu_vat_area", "local_tax:IPSI"]),
        ("ES 52001", ["outside_eu_vat_area", "local_tax:IPSI"]),
        ("IT 22061", ["outside_eu_vat_area", "local_tax:ILCCI"]),
        ("FI 22100", ["outside_eu_vat_area"]),
        ("AX", ["outside_eu_vat_area"]),
        ("FR 97150", ["outside_eu_vat_area", "local_tax:TGCA"]),
    ],
)
def test_a_tax_that_we_do_not_handle_is_for_a_person(station: str, flags: list[str]) -> None:
    for country in ("NL", station[:2]):
        decision = charge(station, supplier_country=country)
        assert brief(decision) == ("manual", None, None, None)
        assert brief(decision, "vat", "flags") == (None, flags)


@pytest.mark.parametrize("country", ["AT", "DE", "ES", "FI", "FR", "GB", "IT", "PT"])
def test_a_missing_postcode_means_the_mainland_with_a_flag(country: str) -> None:
    decision = charge(country, supplier_vat_registrations=[country])
    assert brief(decision, "status", "tax_country", "flags") == (
        "ok", country, ["postcode_missing"],
    )  # fmt: skip


@pytest.mark.parametrize("country", ["NL", "BE", "GR", "PL", "CH", "NO", "IE"])
def test_other_countries_need_no_postcode(country: str) -> None:
    assert charge(country, supplier_vat_registrations=[country])["flags"] == []


@pytest.mark.parametrize("postcode", ["", "?", "8001", "unknown", "1"])
def test_a_postcode_that_is_none_counts_as_missing(postcode: str) -> None:
    place = find_place("ES", postcode)
    assert place is not None
    assert place.territory.code == "ES"
    assert place.postcode_missing


@pytest.mark.parametrize(
    ("country", "postcode", "code"),
    [("gb", "bt1 1aa", "XI"), ("DE", "D-27498", "DE-27498"), ("uk", "SW1A 1AA", "GB"),
     ("el", None, "GR"), ("ES", " 35 001 ", "ES-CN"), ("GB", "JE2 3AB", "JE")],
)  # fmt: skip
def test_addresses_are_read_as_people_write_them(
    country: str, postcode: str | None, code: str
) -> None:
    place = find_place(country, postcode)
    assert place is not None
    assert place.territory.code == code
    assert not place.postcode_missing


def test_northern_ireland_is_in_the_eu_for_goods() -> None:
    reversed_there = charge("GB BT1 1AA", **business("GB", "XI"))
    assert brief(reversed_there) == ("ok", "XI", "0", "AE")
    assert charge("GB BT1 1AA", **business("GB", "GB"))["category"] == "S"
    assert charge("GB BT1 1AA", date="2027-01-01")["reporting"] == "union_oss"


def test_northern_ireland_is_home_for_a_british_seller() -> None:
    seller = {"supplier_country": "GB", "supplier_vat_registrations": ["GB"]}
    decision = charge("GB BT1 1AA", **seller)
    assert brief(decision, "reporting", "seller_vat_country", "rate") == ("domestic", "GB", "20")


def test_french_overseas_departments_are_not_in_the_one_stop_shop() -> None:
    assert charge("FR 97110", date="2027-01-01")["reporting"] == "local_registration"


def test_buesingen_follows_swiss_law_for_businesses_too() -> None:
    assert charge("DE 78266", **business("DE", "DE"))["category"] == "O"
    seated_there: dict[str, Any] = {**business("DE", "DE"), "customer_postcode": "78266"}
    assert brief(charge("CH", **seated_there)) == ("ok", "CH", "8.1", "S")


def test_every_territory_with_a_vat_has_a_rate() -> None:
    for territory in TERRITORIES.values():
        if territory.tax is Tax.VAT and territory.goods is not Area.OUTSIDE:
            assert RATES.charging_rate(territory.code, date(2026, 11, 1)), territory.code


def test_dates_are_local_in_territories_too() -> None:
    """Half past midnight UTC on 1 January is still the old year in the Azores (UTC-1)."""
    assert charge("PT 9500", session_end_utc="2027-01-01T00:30:00Z")["date"] == "2026-12-31"
    assert charge("PT 1000", session_end_utc="2027-01-01T00:30:00Z")["date"] == "2027-01-01"
