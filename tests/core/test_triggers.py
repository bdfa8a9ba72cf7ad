"""The database keeps its own rules, and says when a rule is gone."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from apps.accounts.models import Provider
from apps.audit.models import Entry
from apps.core import triggers
from apps.core.checks import triggers_are_installed, triggers_are_present
from apps.core.models import JobLease
from tests.accounts.factories import ProviderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_trail]


@pytest.fixture
def rule(monkeypatch):
    """A registry of its own, on top of what the apps registered."""
    monkeypatch.setattr(triggers, "_registry", dict(triggers._registry))
    yield triggers
    with triggers.lifted("core_joblease"):
        pass


def refused(sql, *params):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        run(sql, *params)
    return str(error.value)


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def drop_one_on(table):
    names = [n for n, t in triggers._present(connection).items() if t == table]
    triggers._execute(connection, triggers._drops(connection, {names[0]: table}))


def test_entries_and_versions_refuse_update_and_delete():
    ProviderFactory()
    for table in ("audit_entry", "accounts_historicalprovider"):
        column = "activity"
        assert "append-only" in refused(f"UPDATE {table} SET {column} = 'other'")
        assert "append-only" in refused(f"DELETE FROM {table}")
    assert Entry.objects.exclude(activity="other").exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_entries_refuse_truncate():
    assert "append-only" in refused("TRUNCATE audit_entry")


def test_dropped_trigger_is_reported_and_made_again():
    assert triggers_are_present() == "ok"
    drop_one_on("audit_entry")
    [warning] = triggers_are_installed(databases=["default"])
    assert "audit_entry" in warning.msg
    assert "audit_entry" in triggers_are_present()
    answer = Client().get("/readyz").json()
    assert "audit_entry" in answer["checks"]["triggers"]
    triggers.install()
    assert triggers_are_present() == "ok"


def test_altered_trigger_is_reported_and_made_again():
    name, table = next(
        (n, t) for n, t in triggers._present(connection).items() if t == "audit_entry"
    )
    if connection.vendor == "postgresql":
        run(f"""CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RETURN NEW; END $$""")
    else:
        run(f'DROP TRIGGER "{name}"')
        run(f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "{table}" BEGIN SELECT 1; END')
    assert triggers.missing() != []
    triggers.install()
    assert triggers.missing() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite can't switch triggers off")
def test_trigger_switched_off_is_reported():
    run("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
    assert len(triggers.missing()) == 3


def test_row_freezes_in_the_named_columns_while_the_condition_holds(rule, settings):
    rule.frozen_when("core_joblease", "OLD.job = 'frozen'", "holder", message="held for ever")
    rule.install()
    for job in ("frozen", "free"):
        JobLease.objects.create(job=job, holder="a", expires_at="2026-01-01T00:00Z")
    run("UPDATE core_joblease SET holder = 'b' WHERE job = 'free'")
    run("UPDATE core_joblease SET expires_at = %s", "2027-01-01 00:00:00")
    assert "held for ever" in refused("UPDATE core_joblease SET holder = 'b'")
    assert "held for ever" in refused("DELETE FROM core_joblease WHERE job = 'frozen'")
    run("DELETE FROM core_joblease WHERE job = 'free'")
    run("UPDATE core_joblease SET holder = 'a'")


def test_condition_may_ask_another_table_and_inserts_can_be_refused(rule):
    rule.refuse_insert_when(
        "core_joblease",
        "EXISTS (SELECT 1 FROM core_heartbeat WHERE name = NEW.job)",
        message="that job beats",
    )
    rule.install()
    JobLease.objects.create(job="quiet", holder="a", expires_at="2026-01-01T00:00Z")
    run("INSERT INTO core_heartbeat (name, seen_at) VALUES ('loud', %s)", "2026-01-01 00:00:00")
    insert = "INSERT INTO core_joblease (job, holder, expires_at) VALUES ('loud', 'a', %s)"
    assert "that job beats" in refused(insert, "2026-01-01 00:00:00")


def test_rule_that_is_no_longer_registered_goes(rule):
    rule.append_only("core_joblease")
    rule.install()
    JobLease.objects.create(job="x", holder="a", expires_at="2026-01-01T00:00Z")
    assert "append-only" in refused("DELETE FROM core_joblease")
    for name in [n for n, trigger in rule._registry.items() if trigger.table == "core_joblease"]:
        del rule._registry[name]
    rule.install()
    run("DELETE FROM core_joblease")


def test_migrate_makes_the_triggers_again():
    drop_one_on("audit_entry")
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []


def test_only_tests_lift_triggers(settings):
    provider = ProviderFactory()
    with triggers.lifted("audit_entry"):
        run("DELETE FROM audit_entry")
    assert triggers.missing() == []
    settings.TRIGGERS_MAY_BE_LIFTED = False
    with pytest.raises(PermissionError), triggers.lifted():
        pass
    assert Provider.objects.get().pk == provider.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", [1, 2])
def test_tables_are_emptied_after_a_test_of_real_transactions(round):
    assert not Provider.objects.exists()
    ProviderFactory()
    assert triggers.missing() == []
