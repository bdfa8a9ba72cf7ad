"""Each change of an audited record leaves one version and one entry."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import serializers
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from apps.accounts.models import Provider
from apps.audit.context import Actor, ActorMissing, Context, acting, door
from apps.audit.models import DeletionRefused, Entry, UnauditedWrite
from apps.audit.services import record
from apps.core.errors import DomainError
from apps.core.ids import new_id
from tests.accounts.factories import ProviderFactory, UserFactory
from tests.cdrs.factories import CdrFactory

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


def test_stale_instance_is_compared_with_what_is_stored_now():
    provider = ProviderFactory(name="A")
    stale = Provider.objects.get(pk=provider.pk)
    provider.name = "B"
    provider.save()
    stale.name = "A"
    stale.save()
    entry = entries_of(provider)[-1]
    assert (entry.before, entry.after) == ({"name": "B"}, {"name": "A"})


def test_update_fields_keep_other_changes_out():
    provider = ProviderFactory(name="A", city="Delft")
    provider.name, provider.city = "B", "Leiden"
    provider.save(update_fields=["city"])
    assert entries_of(provider)[-1].after == {"city": "Leiden"}
    provider.refresh_from_db()
    assert provider.name == "A"


def test_json_changed_in_place_is_a_change():
    provider = ProviderFactory(host_names=["a.test"])
    provider.host_names.append("b.test")
    provider.save()
    entry = entries_of(provider)[-1]
    assert entry.before == {"host_names": ["a.test"]}
    assert entry.after == {"host_names": ["a.test", "b.test"]}


def test_expression_is_told_as_the_number_it_became():
    provider = ProviderFactory(payment_days=14)
    provider.payment_days = F("payment_days") + 7
    provider.save()
    assert entries_of(provider)[-1].after == {"payment_days": 21}
    assert provider.history.latest().payment_days == 21
    with pytest.raises(UnauditedWrite):
        ProviderFactory(payment_days=F("payment_days") + 1)


def test_deferred_fields_are_no_change_and_are_in_the_version():
    provider = ProviderFactory(name="A", city="Delft")
    partial = Provider.objects.only("name").get(pk=provider.pk)
    partial.name = "B"
    partial.save()
    assert entries_of(provider)[-1].after == {"name": "B"}
    assert provider.history.latest().city == "Delft"


def test_text_and_extra_digits_are_told_as_the_database_keeps_them():
    provider = ProviderFactory(retail_price_per_kwh="0.30")
    provider.retail_price_per_kwh = Decimal("0.1234565")
    provider.save()
    assert entries_of(provider)[-1].before == {"retail_price_per_kwh": "0.3"}
    assert entries_of(provider)[-1].after == {"retail_price_per_kwh": "0.123457"}
    provider.retail_price_per_kwh = "0.1234570"
    provider.save()
    assert len(entries_of(provider)) == 2
    provider.refresh_from_db()
    assert provider.retail_price_per_kwh == Decimal("0.123457")


def test_shortcuts_of_managers_leave_one_entry_per_change():
    values = ProviderFactory.build()
    values = {f.name: getattr(values, f.name) for f in Provider._meta.concrete_fields
              if f.name not in ("id", "slug", "created_at", "updated_at")}  # fmt: skip
    provider, _ = Provider.objects.get_or_create(slug="x", defaults=values)
    Provider.objects.get_or_create(slug="x", defaults=values)
    Provider.objects.update_or_create(slug="x", defaults={"city": "Delft"})
    Provider.objects.update_or_create(slug="x", defaults={"city": "Delft"})
    assert [entry.activity for entry in entries_of(provider)] == [
        "created provider", "changed provider"]  # fmt: skip


def test_bookkeeping_is_written_beside_a_change_and_alone_without_an_entry():
    user = UserFactory()
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    user.last_login, user.name = seen, "Ann"
    user.save()
    user.refresh_from_db()
    assert user.last_login == seen
    assert entries_of(user)[-1].after == {"name": "Ann"}
    user.last_login = seen + timedelta(days=1)
    user.save()
    user.refresh_from_db()
    assert user.last_login == seen + timedelta(days=1)
    assert len(entries_of(user)) == 2


def test_secrets_are_masked_and_left_out_of_versions():
    user = UserFactory()
    user.set_password("a long enough password")
    user.save()
    assert entries_of(user)[-1].after == {"password": "•••"}
    assert not hasattr(user.history.latest(), "password")


def test_large_values_are_told_by_their_hash():
    cdr = CdrFactory(raw="the message")
    entry = entries_of(cdr)[0]
    assert entry.after["raw"].startswith("sha256:")
    assert not hasattr(cdr.history.latest(), "raw")


@contextmanager
def full_disk(table):
    """The database refuses each row of the table."""

    def refuse(execute, sql, params, many, context):
        if f'INSERT INTO "{table}"' in sql:
            raise DatabaseError("disk full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


TRAIL = ["accounts_historicalprovider", "audit_entry", "audit_unsealed"]


@pytest.mark.parametrize("table", TRAIL)
def test_change_is_rolled_back_when_its_trail_fails(table):
    provider = ProviderFactory(name="Old")
    provider.name = "New"
    with pytest.raises(DatabaseError), transaction.atomic(), full_disk(table):
        provider.save()
    with pytest.raises(DatabaseError), transaction.atomic(), full_disk(table):
        ProviderFactory()
    provider.refresh_from_db()
    assert provider.name == "Old"
    assert (provider.history.count(), len(entries_of(provider))) == (1, 1)
    assert Provider.objects.count() == 1


@pytest.mark.parametrize("table", TRAIL)
def test_bulk_change_is_rolled_back_when_its_trail_fails(table):
    provider = ProviderFactory(name="Old")
    provider.name = "New"
    with pytest.raises(DatabaseError), transaction.atomic(), full_disk(table):
        Provider.objects.bulk_update([provider], ["name"])
    with pytest.raises(DatabaseError), transaction.atomic(), full_disk(table):
        Provider.objects.bulk_create([ProviderFactory.build(slug="other")])
    assert list(Provider.objects.values_list("name", flat=True)) == ["Old"]


def test_what_is_refused_before_writing_leaves_the_transaction_usable():
    cdr = CdrFactory(billed=True)
    cdr.reviewed_cost_excl_vat = Decimal(1)
    with pytest.raises(DomainError):
        cdr.save()
    assert Provider.objects.count() >= 1


def test_nobody_can_change_nothing(settings):
    provider = ProviderFactory()
    provider.name = "New"
    with door(Context()), pytest.raises(ActorMissing):
        provider.save()


def test_database_refuses_an_entry_without_an_actor():
    ProviderFactory()
    entry = Entry.objects.latest("recorded_at")
    entry.pk, entry.actor_id = new_id(), ""
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()


def test_fixtures_and_saves_without_a_version_are_refused():
    provider = ProviderFactory()
    text = serializers.serialize("json", [provider])
    [loaded] = serializers.deserialize("json", text)
    with pytest.raises(UnauditedWrite):
        loaded.save()
    with pytest.raises(UnauditedWrite):
        provider.save_without_historical_record()
    with pytest.raises(UnauditedWrite):
        Provider.objects.bulk_create([provider], ignore_conflicts=True)


def test_bulk_update_writes_only_what_differs_and_wants_plain_values():
    rows = Provider.objects.bulk_create(ProviderFactory.build_batch(2))
    assert Provider.objects.bulk_update(rows, ["name"]) == 0
    rows[0].payment_days = F("payment_days") + 1
    with pytest.raises(UnauditedWrite):
        Provider.objects.bulk_update(rows, ["payment_days"])


def test_queries_of_one_save_are_few(django_assert_max_num_queries):
    provider = ProviderFactory()
    provider.name = "New"
    # Lock and read, update, version, entry, place in the queue; PostgreSQL takes the last at once.
    with django_assert_max_num_queries(5):
        provider.save()
