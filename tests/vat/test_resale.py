"""Resale to taxable dealers: rows 5 to 7 (Directive 2006/112/EC art. 38)."""

from typing import Any

import pytest

from tests.vat.deciding import brief, business, dealer, decide


def resell(**facts: Any) -> dict[str, Any]:
    return decide("resale_session", **{"station_country": "NL", **facts})


def between_dealers(country: str, date: str, **facts: Any) -> dict[str, Any]:
    postcode = {"DE": "10115", "FR": "75001"}.get(country)
    return resell(
        **{
            "supplier_country": country,
            "supplier_is_dealer": True,
            **dealer(country, country),
            "customer_postcode": postcode,
            "date": date,
            **facts,
        }
    )


@pytest.mark.parametrize("station", ["NL", "DE", "CH", "US", None])
def test_row_5_a_dealer_in_another_eu_country_owes_the_tax_at_its_seat(station: str | None) -> None:
    decision = resell(station_country=station, customer_postcode="10115", **dealer("DE", "DE"))
    assert brief(decision) == ("ok", "DE", "0", "AE")
    assert brief(decision, "note", "rule", "flags") == ("Reverse charge", "5", [])


def test_row_5_an_unverified_id_is_held() -> None:
    decision = resell(customer_postcode="10115", **dealer("DE", "DE", status="unavailable"))
    assert brief(decision, "status", "flags") == ("hold", ["vat_id_unverified"])


def test_row_5_needs_an_id_of_the_seat() -> None:
    decision = resell(customer_postcode="10115", **dealer("DE", "FR"))
    assert brief(decision, "status", "flags") == ("hold", ["vat_id_missing:DE"])


def test_row_5_a_northern_irish_id_counts_for_goods() -> None:
    decision = resell(customer_postcode="BT1 1AA", **dealer("GB", "XI"))
    assert brief(decision) == ("ok", "XI", "0", "AE")


def test_row_6_a_dealer_at_home_pays_the_rate_for_charging() -> None:
    assert brief(resell(station_country="DE", **dealer("NL", "NL"))) == ("ok", "NL", "21", "S")
    irish = {"supplier_country": "IE", **dealer("IE", "IE", status=None)}
    assert brief(resell(**irish), "status", "rate", "reporting") == ("ok", "9", "domestic")


@pytest.mark.parametrize("country", ["DE", "FR"])
def test_row_6_germany_and_france_reverse_between_dealers_until_the_end_of_2026(
    country: str,
) -> None:
    assert between_dealers(country, "2026-12-31")["category"] == "AE"
    after = between_dealers(country, "2027-01-01")
    assert brief(after, "category", "reverse_charge") == ("S", False)


def test_row_6_reverses_only_between_dealers() -> None:
    assert between_dealers("DE", "2026-05-01", supplier_is_dealer=False)["category"] == "S"
    assert between_dealers("NL", "2026-05-01")["category"] == "S"
    as_kind = between_dealers(
        "DE", "2026-05-01", supplier_is_dealer=False, supplier_kind="taxable_dealer"
    )
    assert as_kind["category"] == "AE"


def test_row_6_holds_while_nobody_knows_whether_the_seller_is_a_dealer() -> None:
    unknown = between_dealers("DE", "2026-05-01", supplier_is_dealer=None)
    assert brief(unknown, "status", "flags") == ("hold", ["supplier_is_dealer_missing"])
    assert between_dealers("DE", "2027-01-01", supplier_is_dealer=None)["category"] == "S"


@pytest.mark.parametrize(
    ("country", "postcode"),
    [("CH", None), ("GB", "BA1 1AA"), ("US", None), ("NO", None), ("ES", "35001"), ("FR", "97110")],
)
def test_row_7_a_dealer_outside_the_eu_is_outside_the_scope(
    country: str, postcode: str | None
) -> None:
    decision = resell(customer_postcode=postcode, **dealer(country, status=None))
    assert brief(decision) == ("ok", None, "0", "O")
    assert "art. 38" in decision["note"]
    assert decision["reverse_charge"] is False


def test_a_dealer_of_unknown_seat_is_held() -> None:
    facts = {**dealer("DE", "DE"), "customer_country": None}
    assert brief(resell(**facts), "status", "flags") == ("hold", ["customer_country_missing"])


def test_a_dealer_in_aaland_is_for_a_person() -> None:
    assert resell(customer_postcode="22100", **dealer("FI"))["status"] == "manual"


def test_a_buyer_who_is_no_dealer_is_charged_where_the_station_is() -> None:
    decision = resell(station_country="BE", **business("NL", "NL"))
    assert brief(decision) == ("ok", "BE", "21", "S")
