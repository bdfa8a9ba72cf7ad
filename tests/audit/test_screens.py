"""The timeline in the admin."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.audit.services import record
from apps.events.models import Event
from tests.accounts.factories import AccountFactory, ProviderFactory, UserFactory
from tests.events.factories import NOW, make_events

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/entry/"


@pytest.fixture
def auditor():
    user = UserFactory(is_staff=True, email="audit@example.com")
    user.groups.add(Group.objects.get(name="auditor"))
    return user


@pytest.fixture
def page(auditor):
    client = Client()
    client.force_login(auditor)
    return client


@pytest.fixture
def accepted():
    actor = UserFactory(is_staff=True, email="sue@example.com", name="Sue")
    account = AccountFactory(name="Ann Other")
    with acting(Actor.user(actor), request_id="req-7"):
        account.status = "STOPPED"
        record("stopped account", account, reason="moved away")
    return account


def ids(answer):
    return {str(entry.pk) for entry in answer.context["cl"].result_list}


@pytest.mark.parametrize("phrase", ["Ann Other", "sue@example", "req-7", "stopped"])
def test_timeline_is_found_by_what_people_know(page, accepted, phrase):
    entry = Entry.objects.get(activity="stopped account")
    answer = page.get(LIST, {"q": phrase})
    assert answer.status_code == 200
    assert str(entry.pk) in ids(answer)
    assert "sue@example.com" in answer.text
    assert page.get(LIST, {"q": "zzz-nothing"}).context["cl"].result_count == 0


def test_timeline_is_found_by_ids(page, accepted):
    entry = Entry.objects.get(activity="stopped account")
    for value in (entry.object_id, entry.actor_id, entry.provider_id, entry.pk):
        assert str(entry.pk) in ids(page.get(LIST, {"q": str(value)}))


def test_entry_shows_before_and_after_in_words(page, accepted):
    entry = Entry.objects.get(activity="stopped account")
    text = page.get(f"{LIST}{entry.pk}/change/").text
    assert "Active" in text
    assert "Stopped" in text
    assert "moved away" in text


def test_auditor_changes_nothing(page, accepted):
    entry = Entry.objects.first()
    assert page.get(f"{LIST}add/").status_code == 403
    assert page.post(f"{LIST}{entry.pk}/change/", {"reason": "x"}).status_code == 403
    assert page.post(f"{LIST}{entry.pk}/delete/").status_code == 403


def test_export_is_a_stream_and_in_the_trail(page, accepted, auditor):
    answer = page.get(f"{LIST}export.csv", {"q": "req-7"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert "stopped account" in lines[1]
    entry = Entry.objects.get(activity="exported audit trail")
    assert (entry.actor_id, entry.after) == (
        str(auditor.pk), {"filters": {"q": "req-7"}, "entries": 1})  # fmt: skip


def test_formulas_are_defused_in_the_export(page):
    ProviderFactory(name="=1+1")
    text = b"".join(page.get(f"{LIST}export.csv").streaming_content).decode()
    assert "'=1+1" in text


def test_stranger_sees_no_trail(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}export.csv").status_code == 403


def test_page_of_many_people_takes_a_fixed_number_of_queries(page, django_assert_max_num_queries):
    AccountFactory.create_batch(20)
    with django_assert_max_num_queries(16):
        page.get(LIST)


def test_parked_event_is_shown_and_replayed_by_an_administrator(monkeypatch):
    from apps.events import replay

    monkeypatch.setattr(replay.relay_events, "apply_async", lambda **kwargs: None)
    [event] = make_events(aggregates=1, each=1)
    Event.objects.update(parked_at=NOW, attempts=10, last_error="too odd")
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert "too odd" in client.get("/admin/events/event/?state=parked").text
    page = f"/admin/events/event/{event.pk}"
    assert "Replay" in client.get(f"{page}/change/").text
    answer = client.post(f"{page}/replay/", {"reason": "repaired", "confirmed": "yes"})
    assert answer.status_code == 302, answer.text
    event.refresh_from_db()
    assert event.parked_at is None
    assert Entry.objects.get(activity="replayed event").reason == "repaired"
