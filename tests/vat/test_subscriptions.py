"""Subscriptions: rows 11 to 14a (Directive 2006/112/EC art. 44, 45, 58, 196)."""

from typing import Any

import pytest

from tests.vat.deciding import brief, business, decide

ART45 = {"policy": {"subscription_b2c": "art45"}}


def subscribe(country: str | None, postcode: str | None = None, **facts: Any) -> dict[str, Any]:
    customer = {"customer_country": country, "customer_postcode": postcode}
    return decide("subscription", **{"customer_kind": "private", **facts, **customer})


@pytest.mark.parametrize(
    "facts", [{}, business("NL", "NL", status=None), business("NL")],
    ids=["private", "business, unverified", "business without id"],
)  # fmt: skip
def test_row_11_at_home_the_standard_rate_applies(facts: dict[str, Any]) -> None:
    decision = subscribe("NL", **facts)
    assert brief(decision) == ("ok", "NL", "21", "S")
    assert brief(decision, "reporting", "seller_vat_country") == ("domestic", "NL")


def test_row_11_is_at_the_standard_rate_where_charging_has_its_own() -> None:
    assert subscribe("IE", supplier_country="IE")["rate"] == "23"


def test_row_12_a_verified_business_in_another_eu_country_owes_the_tax() -> None:
    decision = subscribe("BE", **business("BE", "BE"))
    assert brief(decision) == ("ok", "BE", "0", "AE")
    assert any("art. 196" in source for source in decision["sources"])


@pytest.mark.parametrize("status", [None, "unavailable"])
def test_row_12_an_unverified_business_is_held(status: str | None) -> None:
    decision = subscribe("BE", **business("BE", "BE", status=status))
    assert brief(decision, "status", "flags") == ("hold", ["vat_id_unverified"])


@pytest.mark.parametrize(
    "facts", [{}, business("BE", "BE", status="invalid"), business("BE"), business("BE", "XI")],
    ids=["private", "invalid id", "no id", "an XI id counts for goods only"],
)  # fmt: skip
def test_row_13_private_customers_pay_where_they_live(facts: dict[str, Any]) -> None:
    decision = subscribe("BE", **facts)
    assert brief(decision) == ("ok", "BE", "21", "S")
    assert brief(decision, "reporting", "seller_vat_country", "flags") == ("union_oss", "NL", [])


def test_row_13_or_where_the_seller_is_by_policy() -> None:
    decision = subscribe("IE", **ART45)
    assert brief(decision) == ("ok", "NL", "21", "S")
    assert brief(decision, "reporting", "rule") == ("domestic", "13")
    assert "private customer in Ireland" in decision["explanation"]


def test_row_13_without_the_one_stop_shop_a_registration_is_needed() -> None:
    decision = subscribe("BE", policy={"oss_registered": False})
    assert brief(decision, "reporting", "flags") == (
        "local_registration",
        ["registration_missing:BE"],
    )


def test_row_13_follows_the_rate_of_a_territory() -> None:
    assert brief(subscribe("PT", "9000-123"), "tax_country", "rate") == ("PT", "22")


@pytest.mark.parametrize(
    ("country", "postcode", "issuer"),
    [("GB", "BA1 1AA", "GB"), ("CH", None, "CH"), ("GB", "BT1 1AA", "XI"), ("US", None, None),
     ("ES", "35001", "ES"), ("NO", None, "NO")],
)  # fmt: skip
def test_row_14_a_business_outside_the_eu_is_outside_the_scope(
    country: str, postcode: str | None, issuer: str | None
) -> None:
    for status in (None, "valid"):
        issuers = [issuer] if issuer else []
        decision = subscribe(country, postcode, **business(country, *issuers, status=status))
        assert brief(decision) == ("ok", None, "0", "O")
        assert brief(decision, "reverse_charge", "rule") == (False, "14")


@pytest.mark.parametrize(
    ("country", "postcode"),
    [("GB", "BA1 1AA"), ("CH", None), ("US", None), ("ES", "38001"), ("DE", "27498")],
)
def test_row_14a_private_customers_outside_the_eu(country: str, postcode: str | None) -> None:
    assert brief(subscribe(country, postcode)) == ("ok", None, "0", "O")
    assert brief(subscribe(country, postcode, **ART45)) == ("ok", "NL", "21", "S")


def test_a_customer_of_unknown_country_is_held() -> None:
    assert brief(subscribe(None), "status", "flags") == ("hold", ["customer_country_missing"])


def test_aaland_is_for_a_person() -> None:
    assert subscribe("FI", "22100")["status"] == "manual"


def test_the_end_of_a_session_does_not_matter() -> None:
    decision = subscribe("EE", date="2025-06-30", session_end_utc="2025-07-10T00:00:00Z")
    assert decision["rate"] == "22"
