"""Charging sessions: rows 1 to 4 and 8 to 10 of the table, with their legal sources."""

from typing import Any

import pytest

from tests.vat.deciding import brief, business, charge, dealer

ROW_2_NUMBERS = ("status", "tax_country", "rate", "reporting", "seller_vat_country", "flags")


def test_row_1_at_home_everyone_pays_the_tax_of_the_station() -> None:
    decision = charge("NL")
    assert brief(decision) == ("ok", "NL", "21", "S")
    assert brief(decision, "reporting", "seller_vat_country", "rule") == ("domestic", "NL", "1")
    assert brief(decision, "vat", "gross", "document") == ("21.00", "121.00", "380")
    assert "Directive 2006/112/EC art. 39" in decision["sources"]


@pytest.mark.parametrize("status", [None, "unavailable", "invalid", "valid"])
def test_row_1_at_home_the_state_of_the_vat_id_changes_nothing(status: str | None) -> None:
    decision = charge("NL", **business("NL", "NL", status=status))
    assert brief(decision) == ("ok", "NL", "21", "S")
    assert decision["reverse_charge"] is False
    assert decision["flags"] == []


@pytest.mark.parametrize(
    ("station", "rate"), [("IE", "9"), ("GR", "6"), ("HR", "13"), ("LU", "8"), ("BE", "21")]
)
def test_row_1_four_countries_tax_charging_below_their_standard_rate(
    station: str, rate: str
) -> None:
    assert charge(station, supplier_country=station)["rate"] == rate


def test_row_2_abroad_the_seller_uses_its_number_there() -> None:
    decision = charge("DE 10115", supplier_vat_registrations=["NL", "DE"])
    expected = ("ok", "DE", "19", "local_registration", "DE", [])
    assert brief(decision, *ROW_2_NUMBERS) == expected
    assert decision["explanation"] == (
        "Germany 19 %: charged at a station in Germany, private customer; art. 39"
    )


def test_row_2_a_missing_registration_is_flagged() -> None:
    assert charge("BE")["flags"] == ["registration_missing:BE"]
    assert charge("GR", supplier_vat_registrations=["EL"])["flags"] == []


def test_row_2_from_2027_the_one_stop_shop_reports_with_the_home_number() -> None:
    before = charge("BE", date="2026-12-31")
    after = charge("BE", date="2027-01-01")
    assert brief(before, "reporting", "seller_vat_country") == ("local_registration", "BE")
    assert brief(after, *ROW_2_NUMBERS) == ("ok", "BE", "21", "union_oss", "NL", [])
    assert any("2025/516" in source for source in after["sources"])


def test_row_2_in_2027_a_provider_may_stay_out_of_the_one_stop_shop() -> None:
    decision = charge("BE", date="2027-01-01", policy={"oss_registered": False})
    assert brief(decision, "reporting", "flags") == (
        "local_registration",
        ["registration_missing:BE"],
    )


def test_row_2_the_union_scheme_is_not_for_sellers_outside_the_eu() -> None:
    decision = charge("BE", date="2027-06-01", supplier_country="GB")
    assert brief(decision, "tax_country", "reporting") == ("BE", "local_registration")


def test_row_3_a_business_identified_where_the_station_is_owes_the_tax() -> None:
    decision = charge("FR 75001", **business("FR", "FR"))
    assert brief(decision) == ("ok", "FR", "0", "AE")
    assert brief(decision, "reverse_charge", "note", "vatex") == (
        True, "Reverse charge", "VATEX-EU-AE",
    )  # fmt: skip
    assert brief(decision, "vat", "gross", "rule") == ("0.00", "100.00", "3")
    assert brief(decision, "seller_vat_country", "reporting") == ("NL", None)


def test_row_3_a_registration_there_does_not_establish_the_seller() -> None:
    decision = charge("FR 75001", supplier_vat_registrations=["NL", "FR"], **business("FR", "FR"))
    assert decision["category"] == "AE"


def test_row_3_an_id_of_the_station_serves_wherever_the_customer_is_seated() -> None:
    decision = charge("FR 75001", **business("NL", "NL", "FR"))
    assert brief(decision, "category", "buyer_vat_id") == ("AE", "FR40303265045")


@pytest.mark.parametrize("written", ["EL094259216", "GR 094 259 216", "el094259216"])
def test_row_3_greek_ids_are_known_under_both_prefixes(written: str) -> None:
    facts = {**business("GR"), "customer_vat_ids": [written]}
    assert brief(charge("EL", **facts)) == ("ok", "GR", "0", "AE")


def test_row_3_monaco_counts_as_france() -> None:
    assert brief(charge("MC", **business("MC", "FR"))) == ("ok", "FR", "0", "AE")
    assert brief(charge("MC"), "tax_country", "rate", "flags") == (
        "FR", "20", ["registration_missing:FR"],
    )  # fmt: skip


def test_row_4_a_business_without_an_id_of_the_station_is_charged() -> None:
    decision = charge("FR 75001", **business("NL", "NL"))
    assert brief(decision) == ("ok", "FR", "20", "S")
    assert brief(decision, "reverse_charge", "rule") == (False, "4")


def test_row_4_the_one_stop_shop_is_not_for_supplies_to_taxable_persons() -> None:
    decision = charge("FR 75001", date="2027-01-01", **business("NL", "NL"))
    assert decision["reporting"] == "local_registration"


@pytest.mark.parametrize(
    "facts",
    [
        business("NL"),
        business("NL", "NL", status="invalid"),
        {**business("NL"), "customer_vat_ids": ["IM2760000014", "EU372000041"]},
    ],
    ids=["no id", "an invalid id", "ids of tax schemes"],
)
def test_row_4_a_business_that_proves_nothing_is_treated_as_private(
    facts: dict[str, Any],
) -> None:
    today = charge("FR 75001", **facts)
    later = charge("FR 75001", date="2027-01-01", **facts)
    assert brief(today) == ("ok", "FR", "20", "S")
    assert brief(later, "reporting", "rule") == ("union_oss", "4")


def test_row_4_germany_reverses_for_any_business_where_the_provider_switched_that_on() -> None:
    wide = {"rc_scope": {"DE": "any_business"}}
    assert brief(charge("DE 10115", **business("NL", "NL"))) == ("ok", "DE", "19", "S")
    decision = charge("DE 10115", policy=wide, **business("NL", "NL"))
    assert brief(decision) == ("ok", "DE", "0", "AE")
    assert any("UStG § 13b" in source for source in decision["sources"])


def test_row_4_policies_narrow_and_widen_the_reverse_charge() -> None:
    narrow = {"rc_scope": {"DE": "identified"}}
    wide = {"rc_scope": {"fr": "any_business"}}
    assert charge("DE 10115", policy=narrow, **business("NL", "NL"))["category"] == "S"
    assert charge("FR 75001", policy=wide, **business("NL", "NL"))["category"] == "AE"
    assert charge("FR 75001", policy=wide, **business("NL"))["category"] == "S"


@pytest.mark.parametrize("status", [None, "unavailable"])
def test_unverified_ids_hold_a_decision_across_the_border(status: str | None) -> None:
    decision = charge("FR 75001", **business("FR", "FR", status=status))
    assert brief(decision) == ("hold", None, None, None)
    assert brief(decision, "vat", "gross", "flags") == (None, None, ["vat_id_unverified"])


@pytest.mark.parametrize(("station", "rate"), [("CH", "8.1"), ("GB BA1 1AA", "20"), ("NO", "25")])
def test_row_8_local_vat_outside_the_eu(station: str, rate: str) -> None:
    decision = charge(station)
    country = station[:2]
    assert brief(decision) == ("ok", country, rate, "S")
    assert decision["flags"] == [f"registration_missing:{country}"]
    assert decision["reporting"] == "local_registration"


def test_row_8_british_and_norwegian_vat_is_for_businesses_too() -> None:
    for station in ("GB BA1 1AA", "NO"):
        decision = charge(station, **business("NL", "NL", status=None))
        assert brief(decision, "status", "category") == ("ok", "S")


@pytest.mark.parametrize("country", ["US", "IS", "LI", "RS", "TR", "FO", "GG"])
def test_row_8_other_countries_outside_the_eu_are_held(country: str) -> None:
    assert brief(charge(country), "status", "flags") == ("hold", ["outside_eu_vat_area"])


def test_row_8_the_united_kingdom_was_a_member_state_until_the_end_of_2020() -> None:
    assert brief(charge("GB BA1 1AA", date="2020-12-31"), "status", "flags") == (
        "hold", ["no_rule"],
    )  # fmt: skip


def test_row_9_a_business_seated_outside_switzerland_pays_no_swiss_vat() -> None:
    decision = charge("CH", **business("DE", "DE"))
    assert brief(decision) == ("ok", None, "0", "O")
    assert brief(decision, "vatex", "rule") == ("VATEX-EU-O", "9")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (business("CH", "CH"), ("ok", "CH", "8.1", "S")),
        (business("DE"), ("ok", "CH", "8.1", "S")),
        (business("DE", "DE", status="unavailable"), ("hold", None, None, None)),
        (business("LI", "CH"), ("manual", None, None, None)),
        ({**business("DE", "DE"), "customer_country": None}, ("hold", None, None, None)),
    ],
    ids=["seated there", "without id", "id not verified", "Liechtenstein", "seat unknown"],
)
def test_row_9_asks_for_a_seat_abroad_and_a_verified_id(
    facts: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert brief(charge("CH", **facts)) == expected


def test_row_9_goes_before_row_1_for_a_swiss_seller() -> None:
    swiss = {"supplier_country": "CH", "supplier_vat_registrations": ["CH"]}
    assert brief(charge("CH", **swiss)) == ("ok", "CH", "8.1", "S")
    assert charge("CH", **swiss, **business("DE", "DE"))["category"] == "O"


@pytest.mark.parametrize("station", [None, "ZZ", "XX"])
def test_row_10_an_unknown_station_country_is_held(station: str | None) -> None:
    decision = charge(station)
    assert brief(decision) == ("hold", None, None, None)
    assert brief(decision, "flags", "rule") == (["station_country_missing"], "10")


def test_the_date_that_counts_is_the_local_one_at_the_station() -> None:
    """21:30 UTC on 30 June 2025 is half past midnight of 1 July in Tallinn (22 % to 24 %)."""
    before = charge("EE", session_end_utc="2025-06-30T20:59:59Z", date="2025-07-15")
    after = charge("EE", session_end_utc="2025-06-30T21:30:00Z", date="2025-06-01")
    assert (before["rate"], before["date"]) == ("22", "2025-06-30")
    assert (after["rate"], after["date"]) == ("24", "2025-07-01")


def test_a_day_without_a_rate_is_held() -> None:
    assert brief(charge("CH", date="2017-12-31"), "status", "flags") == (
        "hold", ["rate_missing:CH"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "flag"),
    [
        ("date", "date_missing"),
        ("supplier_country", "supplier_country_missing"),
        ("customer_kind", "customer_kind_missing"),
    ],
)
def test_missing_facts_hold_the_decision(missing: str, flag: str) -> None:
    assert brief(charge("NL", **{missing: None}), "status", "flags") == ("hold", [flag])


def test_row_17_a_credit_note_copies_the_decision_of_its_day() -> None:
    original = charge("EE", date="2025-06-30")
    credit = charge("EE", date="2025-06-30", document="credit_note", net="-100.00")
    assert credit["document"] == "381"
    assert (credit["vat"], credit["gross"]) == ("-22.00", "-122.00")
    assert brief(credit) == brief(original)


def test_a_dealer_without_an_id_is_charged_like_one_who_drives() -> None:
    assert brief(charge("FR 75001", **dealer("DE"))) == ("ok", "FR", "20", "S")
