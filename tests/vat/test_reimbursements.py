"""Reimbursement of hosts by self-billing: rows 15 and 16."""

from typing import Any

import pytest

from tests.vat.deciding import VALID_ID, brief, decide


def reimburse(host: str, platform: str = "NL", **facts: Any) -> dict[str, Any]:
    """A business host with a verified id, and a platform with its own."""
    return decide(
        "reimbursement_session",
        **{
            "supplier_country": host,
            "supplier_kind": "business",
            "supplier_vat_ids": [VALID_ID[host]],
            "vat_id_status": "valid",
            "customer_country": platform,
            "customer_kind": "taxable_dealer",
            "customer_vat_ids": [VALID_ID[platform]],
            "station_country": host,
            **facts,
        },
    )


def test_row_15_a_host_in_the_platforms_country_gets_its_rate() -> None:
    decision = reimburse("NL")
    assert brief(decision) == ("ok", "NL", "21", "S")
    assert brief(decision, "document", "note", "rule") == ("389", "Self-billing", "15")
    assert reimburse("IE", "IE")["rate"] == "9"


def test_row_15_at_home_an_unverified_id_does_not_hold() -> None:
    assert reimburse("NL", vat_id_status=None)["status"] == "ok"


def test_row_15_a_host_abroad_is_reversed() -> None:
    decision = reimburse("BE")
    assert brief(decision) == ("ok", "NL", "0", "AE")
    assert brief(decision, "document", "note") == ("389", "Reverse charge; Self-billing")
    assert brief(decision, "seller_vat_country", "buyer_vat_id") == ("BE", "NL010000446B01")


def test_row_15_an_unverified_host_abroad_is_held() -> None:
    decision = reimburse("BE", vat_id_status="unavailable")
    assert brief(decision, "status", "flags") == ("hold", ["vat_id_unverified"])


def test_row_15_reverses_only_with_the_platforms_id() -> None:
    decision = reimburse("BE", customer_vat_ids=[])
    assert brief(decision, "status", "flags") == ("hold", ["vat_id_missing:NL"])


def test_row_15_a_platform_outside_the_eu_is_outside_the_scope() -> None:
    decision = reimburse("BE", "CH")
    assert brief(decision, "category", "document") == ("O", "389")


def test_row_15_between_dealers_in_germany() -> None:
    facts = {"supplier_is_dealer": True, "customer_postcode": "10115"}
    assert reimburse("DE", "DE", date="2026-12-31", **facts)["category"] == "AE"
    assert reimburse("DE", "DE", date="2027-01-01", **facts)["category"] == "S"


@pytest.mark.parametrize(
    "facts",
    [
        {"supplier_kind": "private", "supplier_vat_ids": []},
        {"supplier_vat_ids": []},
        {"vat_id_status": "invalid"},
    ],
    ids=["private host", "business without id", "business with an invalid id"],
)
def test_row_16_a_private_host_gets_a_payment_statement(facts: dict[str, Any]) -> None:
    decision = reimburse("DE", "DE", **facts)
    assert brief(decision) == ("ok", None, "0", "O")
    assert brief(decision, "document", "seller_vat_country", "rule") == (None, None, "16")
    assert decision["note"].startswith("Payment statement")
    assert decision["flags"] == []


def test_a_host_of_unknown_kind_is_held() -> None:
    assert reimburse("NL", supplier_kind=None)["flags"] == ["supplier_kind_missing"]
