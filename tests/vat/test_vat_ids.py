"""VAT ids: who issued them, and whether their form is right."""

import pytest

from apps.vat.vat_ids import compact, is_well_formed, issuer


@pytest.mark.parametrize(
    ("vat_id", "expected"),
    [
        ("DE136695976", "DE"),
        ("de 136.695.976", "DE"),
        ("EL094259216", "GR"),
        ("gr 094259216", "GR"),
        ("XI980780684", "XI"),
        ("CHE-107.787.577 MWST", "CH"),
        ("NO 995 525 828 MVA", "NO"),
        ("995525828MVA", "NO"),
        ("GB980780684", "GB"),
        ("IM2760000014", None),
        ("EU372000041", None),
        ("136695976", None),
        ("DE", None),
        ("", None),
    ],
)
def test_issuer_is_read_from_the_prefix(vat_id: str, expected: str | None) -> None:
    assert issuer(vat_id) == expected


@pytest.mark.parametrize(
    "vat_id",
    ["DE136695976", "de 136 695 976", "EL094259216", "GR094259216", "FR40303265045",
     "CHE-107.787.577 IVA", "CHE107787577", "NO995525828MVA", "NO995525828", "GB980780684",
     "XI980780684", "BE0403019261", "NL010000446B01"],
)  # fmt: skip
def test_good_forms_are_taken(vat_id: str) -> None:
    assert is_well_formed(vat_id)


@pytest.mark.parametrize(
    "vat_id",
    ["DE136695977", "DE13669597", "EL094259217", "CHE107787578", "NO995525829MVA", "GB980780685",
     "IM2760000014", "EU372000041", "136695976", "US123456789", "", "DE"],
)  # fmt: skip
def test_wrong_check_digits_and_lengths_are_not(vat_id: str) -> None:
    assert not is_well_formed(vat_id)


def test_compact_form_has_capitals_and_the_greek_prefix_el() -> None:
    assert compact("gr 094.259-216") == "EL094259216"
