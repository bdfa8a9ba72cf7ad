"""Three versions, one model: what a version can't say is told, what it can't read is sent anew."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.locations.models import Evse
from apps.roaming.models import Exchange, KeptObject, Push
from apps.roaming.services.delivering import deliver_queue
from apps.roaming.services.invitations import invite_peer
from apps.roaming.services.pulling import pull_module
from apps.roaming.services.token_pushes import push_changed_tokens
from tests.accounts.factories import TokenFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, PeerFactory
from tests.roaming.messages import cdr, location, session, tariff
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
LATER = "2026-04-01T12:00:00Z"


def unsaid_last(direction: str = "IN") -> list[str]:
    found = Exchange.objects.filter(direction=direction).order_by("at").last()
    assert found is not None
    return list(found.unsaid)


@pytest.fixture
def old() -> PeerClient:
    PeerFactory(token="old", version="2.1.1")
    return PeerClient("old", "2.1.1")


def test_a_list_of_tokens_tells_what_it_could_not_say(old: PeerClient) -> None:
    TokenFactory(kind="APP_USER")
    TokenFactory(kind="APP_USER")
    TokenFactory(kind="RFID")
    old.get("tokens")
    assert unsaid_last() == ["type APP_USER, sent as OTHER (tokens: 2)"]


def test_an_authorization_tells_what_it_could_not_say(old: PeerClient) -> None:
    TokenFactory(uid="U1")
    old.call("POST", "tokens/U1/authorize")
    assert unsaid_last() == ["token", "authorization_reference"]


def test_newer_versions_say_all(old: PeerClient) -> None:
    PeerFactory(token="new", roles=[])
    TokenFactory(uid="U1", kind="APP_USER")
    PeerClient("new").get("tokens")
    assert unsaid_last() == []
    PeerClient("new").call("POST", "tokens/U1/authorize")
    assert unsaid_last() == []


def test_credentials_tell_which_parties_they_could_not_name(operator: OperatorServer) -> None:
    peer = PeerFactory(new=True)
    PartyFactory(country_code="DE", party_id="VLT", name="Voltly")
    client = PeerClient(invite_peer(peer=peer, now=timezone.now()), "2.1.1")
    operator.version = "2.1.1"
    answer = client.post("credentials", operator.own_credentials("token-a"))
    assert answer.json()["data"]["party_id"] == "EVC"
    assert unsaid_last() == ["party DE*VLT (EMSP)"]


def test_a_push_tells_it_at_the_push_and_at_its_message(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer("2.1.1")
    TokenFactory(kind="APP_USER")
    push_changed_tokens(peer=peer, now=timezone.now())
    deliver_queue(peer=peer)
    said = ["type APP_USER, sent as OTHER"]
    assert Push.objects.get().unsaid == said
    assert unsaid_last("OUT") == said


def test_staff_see_what_was_not_said(old: PeerClient) -> None:
    TokenFactory(uid="U1")
    old.call("POST", "tokens/U1/authorize")
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", "x" * 16))
    url = reverse("admin:roaming_exchange_change", args=[Exchange.objects.get().pk])
    assert "token, authorization_reference" in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("path", "body", "patch"),
    [
        ("locations/NL/CPO/LOC1", location(), {"name": "New"}),
        ("sessions/NL/CPO/S1", session(), {"kwh": 9}),
    ],
)
def test_an_object_of_an_older_version_is_sent_anew(
    old: PeerClient, path: str, body: Any, patch: Any
) -> None:
    assert status(old.put(path, body)) == (201, 1000)
    newer = PeerClient("old", "2.2.1")
    answer = newer.get(path)
    assert status(answer)[0] == 404
    assert "was sent in OCPI 2.1.1; send it whole in 2.2.1" in answer.json()["status_message"]
    assert status(newer.patch(path, patch | {"last_updated": LATER}))[0] == 404
    assert old.get(path).json()["data"] == body, "nothing is mixed"
    again = body | {"last_updated": LATER}
    assert status(newer.put(path, again)) == (200, 1000)
    assert newer.get(path).json()["data"] == again
    assert status(old.get(path))[0] == 404


def test_tariffs_are_sent_anew_too_and_can_be_deleted(old: PeerClient) -> None:
    old.put("tariffs/NL/CPO/T1", tariff())
    newer = PeerClient("old", "2.3.0")
    assert status(newer.get("tariffs/NL/CPO/T1"))[0] == 404
    assert status(newer.delete("tariffs/NL/CPO/T1")) == (200, 1000)


def test_a_cdr_is_given_back_as_it_was_sent_wherever_it_is_asked_for(old: PeerClient) -> None:
    sent = old.post("cdrs", cdr())
    path = sent.headers["Location"].removeprefix("http://testserver")
    assert "/2.1.1/" in path
    assert PeerClient("old", "2.2.1").get(path).json()["data"] == cdr()


def test_the_pull_after_a_rise_keeps_objects_in_the_new_version(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer("2.2.1")
    operator.lists["locations"] = [location()]
    pull_module(peer=peer, module="locations")
    operator.version = peer.version = "2.3.0"
    peer.endpoints = [
        entry | {"url": entry["url"].replace("2.2.1", "2.3.0")} for entry in peer.endpoints
    ]
    peer.save()
    pull_module(peer=peer, module="locations", full=True)
    assert KeptObject.objects.get().version == "2.3.0"
    assert Evse.objects.count() == 1
