"""What is true of every decision, whatever the facts are."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.vat.decision_json import decide_json
from apps.vat.facts_json import read_facts, write_facts
from tests.vat.deciding import RATES, VALID_ID

COUNTRIES = st.sampled_from(
    ["NL", "DE", "FR", "BE", "IE", "GR", "EL", "ES", "PT", "IT", "FI", "AT", "CH", "GB", "XI",
     "NO", "MC", "US", "LI", "ZZ", None]
)  # fmt: skip
POSTCODES = st.sampled_from(
    ["10115", "27498", "78266", "35001", "22100", "22061", "23041", "97110", "97300", "9000",
     "6691", "BT1 1AA", "SW1A 1AA", "", None]
)  # fmt: skip
KINDS = st.sampled_from(["private", "business", "taxable_dealer", None])
IDS = st.lists(
    st.sampled_from([*VALID_ID.values(), "IM2760000014", "EU372000041", "12345"]), max_size=3
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "rc_scope": st.dictionaries(
            st.sampled_from(["DE", "FR", "NL"]), st.sampled_from(["identified", "any_business"])
        ),
        "subscription_b2c": st.sampled_from(["art45", "art58"]),
        "oss_registered": st.booleans(),
    },
)
MOMENTS = st.tuples(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.times()).map(
    lambda parts: f"{parts[0]}T{parts[1].isoformat()}Z"
)
FACTS = st.fixed_dictionaries(
    {
        "supply": st.sampled_from(
            ["charging_session", "resale_session", "reimbursement_session", "subscription"]
        ),
        "date": st.dates().map(str) | st.sampled_from(["2026-12-31", "2027-01-01"]),
        "supplier_country": COUNTRIES,
        "supplier_vat_registrations": st.lists(COUNTRIES.filter(bool), max_size=3),
        "supplier_kind": KINDS,
        "supplier_vat_ids": IDS,
        "supplier_is_dealer": st.sampled_from([True, False, None]),
        "customer_country": COUNTRIES,
        "customer_postcode": POSTCODES,
        "customer_kind": KINDS,
        "customer_vat_ids": IDS,
        "vat_id_status": st.sampled_from(["valid", "invalid", "unavailable", None]),
        "station_country": COUNTRIES,
        "station_postcode": POSTCODES,
        "net": st.decimals(-1000, 1000, places=3).map(str),
        "currency": st.sampled_from(["EUR", "JPY", "TND"]),
        "document": st.sampled_from(["invoice", "credit_note"]),
        "policy": POLICIES,
    },
    optional={"session_end_utc": MOMENTS},
)

Facts = dict[str, Any]
every_case = settings(max_examples=300, deadline=None)


@every_case
@given(FACTS)
def test_every_decision_is_consistent(facts: Facts) -> None:
    decision = decide_json(facts, RATES)
    if decision["status"] == "ok":
        assert decision["rate"] is not None
        assert decision["vat"] is not None
        assert decision["category"] in ("S", "AE", "O", "Z")
        assert (decision["category"] == "S") == (decision["rate"] != "0")
        assert (decision["reporting"] is None) == (decision["category"] in ("AE", "O"))
        assert (decision["tax_country"] is None) == (decision["category"] == "O")
    else:
        assert decision["flags"] or decision["status"] == "manual"
    assert decision["sources"]
    assert "{" not in decision["explanation"]


@every_case
@given(FACTS)
def test_what_is_held_or_manual_has_no_amount(facts: Facts) -> None:
    decision = decide_json(facts, RATES)
    if decision["status"] != "ok":
        for name in ("tax_country", "rate", "category", "vat", "gross", "note", "reporting"):
            assert decision[name] is None


@every_case
@given(FACTS)
def test_a_private_customer_is_never_reversed(facts: Facts) -> None:
    if facts["supply"] == "reimbursement_session":
        facts["supplier_kind"] = "private"
    else:
        facts["customer_kind"] = "private"
    assert not decide_json(facts, RATES)["reverse_charge"]


@every_case
@given(FACTS)
def test_a_reversed_supply_has_rate_0_a_note_and_a_buyer_id(facts: Facts) -> None:
    decision = decide_json(facts, RATES)
    assert (decision["category"] == "AE") == bool(decision["reverse_charge"])
    if decision["category"] == "AE":
        assert decision["rate"] == "0"
        assert "Reverse charge" in decision["note"]
        assert decision["vatex"] == "VATEX-EU-AE"
        assert decision["buyer_vat_id"] in facts["customer_vat_ids"]
        assert decision["buyer_vat_id"][:2] not in ("IM", "EU", "12")


@every_case
@given(FACTS)
def test_an_id_that_is_not_valid_never_takes_tax_across_a_border_away(facts: Facts) -> None:
    """Only at home may an unverified buyer be reversed (art. 199a)."""
    if facts["vat_id_status"] != "valid":
        decision = decide_json(facts, RATES)
        if decision["category"] == "AE":
            assert decision["seller_vat_country"] == decision["tax_country"]


@every_case
@given(FACTS)
def test_same_facts_give_the_same_decision_also_from_their_snapshot(facts: Facts) -> None:
    first = decide_json(facts, RATES)
    kept = write_facts(read_facts(facts))
    again = decide_json({**kept, "net": facts["net"], "currency": facts["currency"]}, RATES)
    assert again == first


@every_case
@given(FACTS)
def test_the_one_stop_shop_reports_no_charging_before_2027(facts: Facts) -> None:
    decision = decide_json({**facts, "supply": "charging_session"}, RATES)
    if decision["reporting"] == "union_oss":
        assert decision["date"] >= "2027-01-01"
        assert decision["seller_vat_country"] != decision["tax_country"]
