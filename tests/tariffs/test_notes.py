"""Tariff notes: who sees which, and in which order."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from apps.audit.models import Entry
from apps.tariffs.models import TariffNote
from apps.tariffs.services import NoteMisplaced, NoteWanted, find_notes, save_note
from tests.accounts.factories import ProviderFactory
from tests.locations.factories import LocationFactory, OperatorFactory
from tests.tariffs.factories import make_version

pytestmark = pytest.mark.django_db
TODAY = date(2026, 5, 1)


def note(operator, text: str, **fields) -> TariffNote:
    values = {"channel": "MAP", "language": "en", **fields}
    return save_note(note=TariffNote(operator=operator, text=text, **values), reason="test")


def texts(**wanted) -> list[str]:
    return [each.text for each in find_notes(wanted=NoteWanted(**wanted), today=TODAY)]


def test_most_important_note_comes_first() -> None:
    operator = OperatorFactory()
    note(operator, "small")
    note(operator, "big", priority=5)
    assert texts(operator=operator) == ["big", "small"]


def test_notes_are_chosen_by_language_channel_and_validity() -> None:
    operator = OperatorFactory()
    note(operator, "now", active_from=date(2026, 4, 1), active_to=date(2026, 6, 1))
    note(operator, "over", active_to=TODAY)
    note(operator, "later", active_from=date(2026, 5, 2))
    note(operator, "nu", language="nl")
    note(operator, "in the app", channel="APP")
    assert texts(operator=operator, language="en", channel="MAP") == ["now"]


def test_notes_of_a_provider_are_for_its_drivers_only() -> None:
    operator, ours, theirs = OperatorFactory(), ProviderFactory(), ProviderFactory()
    note(operator, "all")
    note(operator, "ours", provider=ours)
    assert texts(operator=operator) == ["all"]
    assert texts(operator=operator, provider=ours) == ["all", "ours"]
    assert texts(operator=operator, provider=theirs) == ["all"]


def test_location_shows_its_own_notes_and_those_of_its_operator() -> None:
    here = LocationFactory()
    there = LocationFactory(operator=here.operator)
    note(here.operator, "everywhere")
    note(here.operator, "here", location=here)
    note(here.operator, "there", location=there)
    assert texts(location=here) == ["everywhere", "here"]


def test_note_belongs_to_one_operator() -> None:
    operator = OperatorFactory()
    with pytest.raises(NoteMisplaced, match="no location of"):
        note(operator, "x", location=LocationFactory())
    with pytest.raises(NoteMisplaced, match="no tariff of"):
        note(operator, "x", tariff=make_version(operator=OperatorFactory()).tariff)
    with pytest.raises(NoteMisplaced):
        note(operator, "x", language="English")


def test_period_of_a_note_is_not_empty() -> None:
    row = TariffNote(
        operator=OperatorFactory(), text="x", channel="MAP", language="en",
        active_from=TODAY, active_to=TODAY,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_change_of_a_note_is_in_the_trail() -> None:
    written = note(OperatorFactory(), "From May on 0.10 more")
    written.text = "From June on 0.10 more"
    save_note(note=written, reason="postponed")
    entry = Entry.objects.story_of(written).first()
    assert (entry.activity, entry.reason) == ("changed tariff note", "postponed")
    assert list(entry.after) == ["text"]
