"""Seals find what was changed, removed or inserted behind the application's back."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from apps.audit import sealing
from apps.audit.models import Entry, Seal, SealedEntry, Unsealed
from apps.audit.seals import seal_entries
from apps.audit.tasks import seal_audit_entries
from apps.audit.verification import Verification
from apps.core import triggers
from tests.accounts.factories import AccountFactory, ProviderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_trail]

TABLES = ("audit_entry", "audit_seal", "audit_sealedentry")


@pytest.fixture(autouse=True)
def empty_trail(db):
    """Migrations left entries of their own."""
    with triggers.lifted("audit_entry"), connection.cursor() as cursor:
        for table in ("audit_entry", "audit_unsealed"):
            cursor.execute(f"DELETE FROM {table}")


def seal():
    return seal_entries(now=timezone.now())


def findings(**kwargs):
    return [str(finding) for finding in Verification(**kwargs).findings()]


def tamper(sql, *params):
    with triggers.lifted(*TABLES), connection.cursor() as cursor:
        cursor.execute(sql, params)


def raw_id(entry):
    return entry.pk if connection.vendor == "postgresql" else entry.pk.hex


@pytest.fixture
def sealed():
    """Two seals of some entries, and some that wait."""
    ProviderFactory.create_batch(2)
    seal()
    AccountFactory()
    seal()
    ProviderFactory()
    return list(Entry.objects.order_by("pk"))


def test_untouched_trail_is_whole(sealed):
    assert findings() == []
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "4 entries under 2 seals, 1 waiting" in out.getvalue()
    assert Seal.objects.get(number=2).hash in out.getvalue()


def test_nothing_waiting_makes_no_seal(sealed):
    seal()
    assert seal() == []
    assert not Unsealed.objects.exists()


@pytest.mark.parametrize(
    "column",
    ["activity", "object_label", "reason", "actor_label", "before", "after", "url", "recorded_at"],
)
@pytest.mark.parametrize("which", [0, -1])
def test_changed_entry_is_named_sealed_or_not(sealed, column, which):
    value = "2020-01-01 00:00:00+00:00" if column == "recorded_at" else '{"x":1}'
    tamper(f"UPDATE audit_entry SET {column} = %s WHERE id = %s", value, raw_id(sealed[which]))
    assert findings()[0].startswith(f"broken: entry {sealed[which].pk}")


@pytest.mark.parametrize("which", [0, 2, -1])
def test_removed_entry_is_named_sealed_or_not(sealed, which):
    tamper("DELETE FROM audit_entry WHERE id = %s", raw_id(sealed[which]))
    assert findings()[0].startswith(f"missing: entry {sealed[which].pk}")


def test_inserted_entry_is_named_even_with_a_copied_hash(sealed):
    columns = ", ".join(f.column for f in Entry._meta.fields if f.name != "id")
    new = "00000000-0000-7000-8000-000000000001"
    tamper(
        f"INSERT INTO audit_entry (id, {columns}) SELECT %s, {columns} "
        "FROM audit_entry WHERE id = %s",
        new if connection.vendor == "postgresql" else new.replace("-", ""), raw_id(sealed[0]),
    )  # fmt: skip
    named = findings()
    assert named[0] == f"inserted: entry {new}: is under no seal and waits for none"
    assert named[1].startswith(f"broken: entry {new}")


def test_entry_moved_under_another_seal_is_noticed(sealed):
    tamper("UPDATE audit_sealedentry SET seal_number = 2 WHERE entry_id = %s", raw_id(sealed[0]))
    assert findings()[0].startswith("missing: seal 1: sealed 2 entries, 1 are under it")


def test_changed_and_removed_seals_are_named(sealed):
    tamper("UPDATE audit_seal SET sealed_at = %s WHERE number = 1", "2020-01-01 00:00:00+00:00")
    assert findings()[0].startswith("broken: seal 1")
    tamper("DELETE FROM audit_seal WHERE number = 1")
    assert findings()[0].startswith("missing: seal 1")


def test_seals_removed_from_the_end_are_found_by_what_was_kept_elsewhere(sealed):
    newest = Seal.objects.get(number=2)
    last = Entry.objects.filter(pk__in=SealedEntry.objects.filter(seal_number=2).values("pk"))
    ids = [raw_id(entry) for entry in last]
    tamper("DELETE FROM audit_seal WHERE number = 2")
    tamper("DELETE FROM audit_sealedentry WHERE seal_number = 2")
    for entry_id in ids:
        tamper("DELETE FROM audit_entry WHERE id = %s", entry_id)
    assert findings() == []
    assert findings(expected_newest=f"2:{newest.hash}")[0].startswith("missing: seal 2")


def test_command_names_the_first_finding_and_fails(sealed):
    tamper("UPDATE audit_entry SET reason = 'x'")
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stderr=err)
    assert err.getvalue().count("broken") == 1
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", "--all", stderr=err)
    assert err.getvalue().count("broken: entry") == len(sealed)


def test_rotated_key_keeps_verifying_and_can_no_longer_sign(sealed, settings):
    old, settings.AUDIT_SEAL_KEY = settings.AUDIT_SEAL_KEY, "the next key"
    assert findings()[0].startswith("unknown key: seal 1")
    settings.AUDIT_SEAL_OLD_KEYS = [old]
    ProviderFactory()
    seal_entries(now=timezone.now() - timedelta(days=3))
    assert findings() == []
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_OLD_KEYS = old, []
    ProviderFactory()
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_OLD_KEYS = "the next key", [old]
    forged = Entry.objects.latest("recorded_at")
    assert forged.key_id == sealing.key_id_of(old)
    assert findings() == [f"inserted: entry {forged.pk}: is signed with a key retired before it"]


@pytest.mark.django_db(transaction=True)
def test_entry_that_commits_late_is_in_the_next_seal():
    written, sealed_once = threading.Event(), threading.Event()

    def late_writer():
        from apps.audit.context import Actor, acting

        with acting(Actor.job("late")), transaction.atomic():
            ProviderFactory(name="Late")
            written.set()
            sealed_once.wait(5)
        connection.close()

    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, so that nothing commits late")
    thread = threading.Thread(target=late_writer)
    thread.start()
    assert written.wait(5)
    ProviderFactory(name="Early")
    [first] = seal()
    sealed_once.set()
    thread.join()
    [second] = seal()
    assert (first.entries, second.entries) == (1, 1)
    assert findings() == []


def test_job_seals_and_logs_what_it_did():
    from apps.core.models import JobRun

    ProviderFactory()
    seal_audit_entries()
    assert JobRun.objects.get(job="audit.seal").counts == {"seals": 1, "entries": 1}


def test_large_backlog_is_sealed_in_pieces(monkeypatch):
    monkeypatch.setattr("apps.audit.seals.PER_SEAL", 2)
    ProviderFactory.create_batch(5)
    assert [made.entries for made in seal()] == [2, 2, 1]
    assert findings() == []
