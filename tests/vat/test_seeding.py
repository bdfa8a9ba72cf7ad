"""The rates that come with the program are in the trail like any other."""

from collections import Counter
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, models

from apps.audit.context import Actor
from apps.audit.models import Entry
from apps.core import triggers
from apps.vat.models import VatRate
from apps.vat.rates import shipped_rates
from apps.vat.services import seeding

History = VatRate.history.model
ACTOR = Actor.job("test")


def told() -> tuple[int, int, int]:
    """Rows, versions and entries."""
    entries = Entry.objects.filter(object_type="vat.vatrate")
    return VatRate.objects.count(), History.objects.count(), entries.count()


@pytest.fixture
def untold(db: None) -> None:
    """Rates as a migration once wrote them: rows alone."""
    with triggers.lifted(History._meta.db_table, Entry._meta.db_table):
        models.QuerySet(History).delete()
        for entry in Entry.objects.filter(object_type="vat.vatrate"):
            entry.delete()


@pytest.fixture
def no_rates(untold: None) -> None:
    models.QuerySet(VatRate)._raw_delete(connection.alias)


@pytest.mark.django_db
def test_each_shipped_rate_has_one_version_and_one_entry_by_the_migrate() -> None:
    count = len(shipped_rates())
    assert told() == (count, count, count)
    stories = Counter(Entry.objects.filter(object_type="vat.vatrate").values_list("object_id"))
    assert set(stories.values()) == {1}
    row = VatRate.objects.get(territory="NL")
    entry = Entry.objects.get(object_id=str(row.pk))
    assert (entry.activity, entry.actor_kind, entry.actor_id) == (
        "brought VAT rate", "JOB", "migrate")  # fmt: skip
    assert (entry.before, Decimal(entry.after["rate"])) == ({}, 21)


def test_an_empty_table_is_filled_with_its_trail(no_rates: None) -> None:
    count = len(shipped_rates())
    assert len(seeding.bring_rates(actor=ACTOR)) == count
    assert told() == (count, count, count)


def test_rates_that_a_migration_wrote_are_told_of_once(untold: None) -> None:
    count = len(shipped_rates())
    stored = list(VatRate.objects.order_by("pk").values())
    assert told() == (count, 0, 0)
    assert len(seeding.bring_rates(actor=ACTOR)) == count
    assert told() == (count, count, count)
    assert seeding.bring_rates(actor=ACTOR) == []
    assert told() == (count, count, count)
    assert list(VatRate.objects.order_by("pk").values()) == stored


@pytest.mark.breaks_trail
def test_a_rate_that_staff_changed_since_keeps_its_own_story(untold: None) -> None:
    row = VatRate.objects.get(territory="NL")
    row.note = "as staff wrote it"
    row.save()
    assert row.pk not in {brought.pk for brought in seeding.bring_rates(actor=ACTOR)}
    assert [v.history_type for v in History.objects.filter(id=row.pk)] == ["~"]


@pytest.mark.django_db
def test_rates_that_staff_keep_are_not_brought_again() -> None:
    before = told()
    call_command("migrate", verbosity=0)
    assert told() == before


@pytest.mark.breaks_trail
def test_a_migrate_that_leaves_tables_behind_brings_nothing(
    no_rates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = seeding.MigrationExecutor
    monkeypatch.setattr(executor, "migration_plan", lambda self, targets: [("one", False)])
    seeding.bring_rates_after_migrate(using=connection.alias, apps=object())
    assert told() == (0, 0, 0)
