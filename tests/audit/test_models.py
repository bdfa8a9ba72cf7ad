"""Each change of an audited record leaves one version and one entry."""

import pytest

from apps.accounts.models import Provider
from apps.audit.context import Actor, acting
from apps.audit.models import DeletionRefused, Entry, UnauditedWrite
from apps.audit.services import record
from tests.accounts.factories import ProviderFactory

pytestmark = pytest.mark.django_db


def entries_of(obj):
    return list(Entry.objects.filter(object_id=str(obj.pk)).order_by("recorded_at"))


def test_new_record_leaves_one_version_and_one_entry():
    provider = ProviderFactory()
    [entry] = entries_of(provider)
    assert entry.activity == "created provider"
    assert entry.before == {}
    assert entry.after["name"] == provider.name
    assert entry.actor_label == "test"
    [version] = provider.history.all()
    assert version.history_type == "+"
    assert version.actor_label == "test"


def test_change_keeps_only_the_changed_fields():
    provider = ProviderFactory(name="Old")
    provider.name = "New"
    with acting(Actor.job("rename")):
        record("renamed provider", provider, reason="new brand")
    entry = entries_of(provider)[-1]
    assert (entry.activity, entry.reason, entry.actor_label) == (
        "renamed provider", "new brand", "rename")  # fmt: skip
    assert (entry.before, entry.after) == ({"name": "Old"}, {"name": "New"})
    assert provider.history.count() == 2
    assert provider.history.latest().history_change_reason == "new brand"


def test_saving_without_a_change_leaves_nothing():
    provider = ProviderFactory()
    provider.save()
    record("touched provider", provider)
    assert len(entries_of(provider)) == 1
    assert provider.history.count() == 1


def test_bulk_writes_leave_versions_and_entries():
    rows = Provider.objects.bulk_create(ProviderFactory.build_batch(3))
    rows[0].name = "Changed"
    Provider.objects.bulk_update(rows, ["name"])
    assert [len(entries_of(row)) for row in rows] == [2, 1, 1]
    assert [row.history.count() for row in rows] == [2, 1, 1]


def test_silent_update_and_deletion_are_refused():
    provider = ProviderFactory()
    with pytest.raises(UnauditedWrite):
        Provider.objects.update(name="x")
    with pytest.raises(DeletionRefused):
        Provider.objects.all().delete()
    with pytest.raises(DeletionRefused):
        provider.delete()
