"""A person is exported whole, and unreadable once erased, while the trail stays whole."""

import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.audit import persons
from apps.audit.context import Actor, acting
from apps.audit.models import Entry, PersonKey
from apps.audit.personal import (
    ERASED,
    OTHERS,
    destroy_keys,
    forget_keys,
    person_of_card,
    person_of_contract,
    persons_in,
    protect,
    protect_jointly,
    reveal,
    reveal_only,
)
from apps.audit.persons import Person
from apps.audit.seals import seal_entries
from apps.audit.services import record
from apps.audit.verification import Verification
from apps.cdrs.models import CDR
from tests.accounts.factories import AccountFactory, TokenFactory, UserFactory
from tests.cdrs.factories import CdrFactory

pytestmark = pytest.mark.django_db

NOT_OURS = {"account": None, "provider": None, "token": None}
SECRETS = ("Ann Other", "ann@example.com", "NL-EFL-CANN00001-X", "04ANN", "the raw message")


@pytest.fixture
def ann():
    account = AccountFactory(name="Ann Other", email="ann@example.com", number="C77")
    token = TokenFactory(account=account, contract_id="NL-EFL-CANN00001-X", uid="04ANN")
    CdrFactory(
        account=account, provider=account.provider, token=token, contract_id=token.contract_id,
        token_uid=token.uid, raw="the raw message of NL-EFL-CANN00001-X",
    )  # fmt: skip
    account.name = "Ann Other-Name"
    account.save()
    return account


def everything_stored(*tables):
    """All columns of the tables as text, as they lie in the database."""
    text = ""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            text += str(cursor.fetchall())
    return text


KEPT = (
    "audit_entry", "accounts_historicalaccount", "accounts_historicaltoken", "cdrs_historicalcdr",
    "events_event",
)  # fmt: skip


def test_personal_values_lie_protected_and_read_plain(ann):
    stored = everything_stored(*KEPT)
    assert not [secret for secret in SECRETS if secret in stored]
    assert "the raw message" not in everything_stored("cdrs_cdr")
    entry = Entry.objects.story_of(ann).first()
    assert (entry.before, entry.after) == ({"name": "Ann Other"}, {"name": "Ann Other-Name"})
    assert "Ann Other-Name" in entry.object_label
    assert [version.name for version in ann.history.order_by("history_date")] == [
        "Ann Other", "Ann Other-Name"]  # fmt: skip
    assert CDR.objects.get().raw == "the raw message of NL-EFL-CANN00001-X"


def test_erased_person_can_t_be_read_anywhere_and_the_trail_verifies(ann):
    seal_entries(now=timezone.now())
    call_command("erase_person", "ann@example.com", "--reason", "asked to", "--yes")
    ann.refresh_from_db()
    cdr = CDR.objects.get()
    assert (ann.name, ann.email) == ("Erased C77", "")
    assert (cdr.raw, cdr.contract_id, cdr.token_uid) == (ERASED, "", "")
    stored = everything_stored(*KEPT, "accounts_account", "accounts_token", "cdrs_cdr")
    assert not [secret for secret in SECRETS if secret in stored]
    first = Entry.objects.story_of(ann).last()
    assert (first.object_label, first.after["name"]) == (ERASED, ERASED)
    assert ann.history.earliest().name == ERASED
    done = Entry.objects.get(activity="erased person")
    assert (done.reason, done.after["tokens"], done.after["cdrs"]) == ("asked to", 1, 1)
    assert list(Verification().findings()) == []


def test_nothing_new_is_kept_readable_after_erasing(ann):
    call_command("erase_person", str(ann.pk), "--reason", "asked to", "--yes")
    ann.refresh_from_db()
    ann.name = "Ann Again"
    ann.save()
    assert "Ann Again" not in everything_stored(*KEPT)


def test_export_has_all_of_it_and_is_in_the_trail(ann):
    out = StringIO()
    call_command("export_person", "C77", stdout=out)
    found = json.loads(out.getvalue())
    assert found["accounts"][0]["name"] == "Ann Other-Name"
    assert found["tokens"][0]["uid"] == "04ANN"
    assert "the raw message" in found["cdrs"][0]["raw"]
    assert found["trail"][0]["after"]["email"] == "ann@example.com"
    assert Entry.objects.filter(activity="exported personal data", object_id=str(ann.pk)).exists()


def test_erased_user_can_t_log_in_and_leaves_no_name_as_an_actor(client):
    user = UserFactory(email="bob@example.com", name="Bob")
    with acting(Actor.user(user)):
        account = AccountFactory()
    assert Entry.objects.story_of(account).get().actor_label == "bob@example.com"
    call_command("erase_person", "bob@example.com", "--reason", "left", "--yes")
    user.refresh_from_db()
    assert not user.is_active
    entry = Entry.objects.story_of(account).get()
    assert (entry.actor_label, entry.actor_id) == (ERASED, str(user.pk))


def test_nobody_and_several_are_refused(ann):
    AccountFactory(email="ann@example.com")
    for text in ("nobody@example.com", "ann@example.com"):
        with pytest.raises(CommandError):
            call_command("export_person", text)


def test_key_of_a_transaction_that_failed_is_never_used_again():
    from django.db import transaction

    person = person_of_contract("X-1")
    with transaction.atomic():
        protect("a", person)
        transaction.set_rollback(True)
    kept = protect("b", person)
    forget_keys()
    assert PersonKey.objects.filter(pk=person).exists()
    assert reveal({"deep": [kept]}) == {"deep": ["b"]}
    assert reveal("pd1.no.such") == "pd1.no.such"


def test_what_is_of_several_ends_with_any_of_them():
    people = [person_of_contract(f"X-{number}") for number in range(30)]
    kept = protect_jointly("among us", people)
    assert "among us" not in kept
    assert len(kept) < 30 * 200, "each adds a share, no layer"
    assert reveal(f"They said: {kept}.") == "They said: among us."
    assert persons_in([kept]) == set(people)
    assert reveal_only(kept, people) == "among us"
    assert reveal_only(kept, people[1:]) == OTHERS
    destroy_keys([people[17]], now=timezone.now())
    assert reveal(kept) == ERASED
    assert protect_jointly("again", people) == ERASED


def test_pieces_of_a_sentence_are_erased_and_the_sentence_stays(ann):
    said = f"{protect('04ANN', ann.pk)} asked to charge; {protect('Ann', ann.pk)} waits."
    assert reveal(said) == "04ANN asked to charge; Ann waits."
    call_command("erase_person", "C77", "--reason", "asked to", "--yes")
    assert reveal(said) == f"{ERASED} asked to charge; {ERASED} waits."


def test_reason_about_a_person_and_a_user_s_address_end_with_their_keys(ann):
    user = UserFactory(email="bob@example.com")
    with acting(Actor.user(user), source_address="203.0.113.77"):
        ann.language = "nl"
        record("changed account", ann, reason="Mrs Other rang up")
    entry = Entry.objects.story_of(ann).first()
    assert (entry.reason, entry.source_address) == ("Mrs Other rang up", "203.0.113.77")
    assert ann.history.latest().history_change_reason == "Mrs Other rang up"
    stored = everything_stored(*KEPT)
    assert not [word for word in ("Mrs Other rang up", "203.0.113.77") if word in stored]
    call_command("erase_person", "C77", "--reason", "asked to", "--yes")
    entry = Entry.objects.get(pk=entry.pk)
    assert (entry.reason, entry.source_address) == (ERASED, "203.0.113.77")
    call_command("erase_person", "bob@example.com", "--reason", "left", "--yes")
    assert Entry.objects.get(pk=entry.pk).source_address == ERASED


@pytest.mark.parametrize("known_by", ["NL-XYZ-C00000009-Q", "nl-xyz-c00000009-q"])
def test_somebody_of_whom_only_the_contract_is_known_can_be_exported_and_erased(known_by):
    CdrFactory(**NOT_OURS, contract_id="NL-XYZ-C00000009-Q", token_uid="04FEED", raw="all")
    out = StringIO()
    call_command("export_person", known_by, stdout=out)
    assert json.loads(out.getvalue())["cdrs"][0]["token_uid"] == "04FEED"
    call_command("erase_person", known_by, "--reason", "asked to", "--yes")
    cdr = CDR.objects.get()
    assert (cdr.contract_id, cdr.token_uid, cdr.raw) == ("", "", ERASED)
    assert "C00000009" not in everything_stored(*KEPT, "cdrs_cdr")


def test_card_without_a_contract_is_a_person_too():
    cdr = CdrFactory(
        account=None, provider=None, token=None, contract_id="", token_uid="04beef", raw="all"
    )
    assert cdr.audit_person_id() == person_of_card("04BEEF")
    call_command("erase_person", "04BEEF", "--reason", "asked to", "--yes")
    assert CDR.objects.get().raw == ERASED
    assert "04beef" not in everything_stored(*KEPT, "cdrs_cdr")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads all rows")
@pytest.mark.parametrize(
    ("holding", "index"),
    [
        ("events", "event_persons"), ("messages", "exchange_persons"),
        ("peer_objects", "kept_object_persons"), ("pushes", "push_persons"),
        ("import_findings", "finding_persons"), ("answers", "idempotency_key_persons"),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_person_is_found_by_an_index(holding, index):
    person = Person("stranger", uuid4(), "x", frozenset({uuid4()}))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Or it would look at all rows of an account in an index of something else.
        cursor.execute("SET LOCAL enable_indexscan = off")
    with CaptureQueriesContext(connection) as captured:
        assert list(persons._holdings[holding].export(person)) == []
    asked = next(q["sql"] for q in captured.captured_queries if "audit_persons_in" in q["sql"])
    with connection.cursor() as cursor:
        # What comes before it declares a cursor.
        cursor.execute(f"EXPLAIN {asked[asked.index('SELECT') :]}")
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert index in plan
