"""Phrases find what holds them, whole and literally."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cdrs.models import CDR
from apps.cdrs.search import WINDOW, telling_part
from tests.cdrs.factories import CdrFactory
from tests.locations.factories import LocationFactory


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("CDR-2026-7C49C6A9C5", True),
        ("cdr-2026-7c49c6a9c5", True),
        ("2026-7c49c6a9", True),
        ("CDR-2027-7C49C6A9C5", False),
        ("XDR-2026-7C49C6A9C5", False),
        ("Harbour 100% Quay_7 \\ North", True),
        ("harbour 100_ quay_7 \\ north", False),
        ("harbour 100% quay%7 \\ north", False),
        ("  harbour 100% ", True),
        ("ocpi pending harbour", True),
        ("null\x00null\x00", False),
    ],
)
def test_long_phrases_are_compared_whole_and_literally(phrase, found):
    CdrFactory(
        cdr_id="CDR-2026-7C49C6A9C5", location=LocationFactory(name="Harbour 100% Quay_7 \\ North")
    )
    assert CDR.objects.matching(phrase).exists() == found


@given(st.text(min_size=WINDOW + 1, max_size=60))
def test_telling_part_is_a_piece_of_the_phrase(phrase):
    piece = telling_part(phrase)
    assert len(piece) == WINDOW
    assert piece in phrase


def test_telling_part_leaves_out_what_all_ids_share():
    assert telling_part("nl-evc-c00004711-x") in "00004711-x"
