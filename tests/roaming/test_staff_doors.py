"""Who of the staff may press which button of roaming, and that none works from another site."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.roaming.models import Exchange, Peer, Push, PushQueue, SentCommand, WaitingCdr
from apps.roaming.services.queueing import Message, enqueue
from tests.accounts.factories import ProviderFactory

pytestmark = pytest.mark.django_db
# Support steers stations; connections are the administrator's.
ALLOWED = {("support", SentCommand, "cancel"), ("finance", WaitingCdr, "set_aside")}


@pytest.fixture
def records(peer: Peer) -> list[Model]:
    now = timezone.now()
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/NL/EVC/1", {}, "token 1")])
    exchange = Exchange.objects.create(
        peer=peer, direction="IN", at=now, milliseconds=1, module="cdrs", method="POST", url="/x"
    )
    sent = SentCommand.objects.create(
        peer=peer, command="RESERVE_NOW", operator="NL*CPO", reference="1", callback_hash="a" * 64,
        correlation_id="c", sent_at=now, deadline=now,
    )  # fmt: skip
    waiting = WaitingCdr.objects.create(
        peer=peer, country_code="NL", party_id="CPO", key="C1", version="2.2.1", message="{}",
        received_at=now, door="x", next_attempt_at=now, attempts=1,
    )  # fmt: skip
    return [peer, PushQueue.objects.get(), Push.objects.get(), exchange, sent, waiting]


def buttons(records: list[Model]) -> Iterator[tuple[type[Model], str, str]]:
    """Model, name and address of each button on their pages."""
    for record in records:
        screen: Any = admin.site._registry[type(record)]
        for name in screen.actions_detail:
            meta = record._meta
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[record.pk])
            yield type(record), name, url


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_buttons_are_for_who_may_press_them(records: list[Model], role: str) -> None:
    user = User.objects.create_user(f"{role}@example.com", "x" * 16, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    count = Entry.objects.count()
    for model, name, url in buttons(records):
        expected = 200 if (role, model, name) in ALLOWED else 403
        assert client.get(url).status_code == expected, url
        if expected == 403:
            assert client.post(url, {"confirmed": "1", "reason": "x"}).status_code == 403, url
    assert Entry.objects.count() == count


def test_users_of_a_portal_get_no_further_than_the_login(records: list[Model]) -> None:
    user = User.objects.create_user("driver@example.com", "x" * 16, provider=ProviderFactory())
    client = Client()
    client.force_login(user)
    for _, _, url in buttons(records):
        answer = client.post(url, {"confirmed": "1", "reason": "x"})
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("admin:login"))


def test_no_button_or_form_works_from_another_site(records: list[Model]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root@example.com", "x" * 16))
    peer = records[0]
    forms = [
        reverse("admin:roaming_connect", args=[peer.pk]), reverse("admin:roaming_peer_add"),
        reverse("admin:roaming_peer_change", args=[peer.pk]), reverse("admin:roaming_party_add"),
        reverse("admin:roaming_station_request", args=["unlock"]),
    ]  # fmt: skip
    count = Entry.objects.count()
    for url in [*forms, *(url for _, _, url in buttons(records))]:
        assert client.post(url, {"confirmed": "1", "reason": "x"}).status_code == 403, url
    assert Entry.objects.count() == count
