"""The staff screens of roaming, through the browser's door."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import record
from apps.roaming.models import Exchange, Peer, PeerToken, Push
from apps.roaming.services.queueing import Message, enqueue
from tests.roaming.door import PeerClient
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import cdr
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
LISTS = [
    "peer", "party", "exchange", "push", "pushqueue", "pullcursor", "sentcommand",
    "authorization", "keptobject", "hubclient", "waitingcdr",
]  # fmt: skip


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", "x" * 16))
    return client


@pytest.fixture
def supporter() -> Client:
    user = User.objects.create_user("support@example.com", "x" * 16, is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, record: Any, action: str, **fields: str) -> str:
    """Confirm an action on a record's page; the page that follows."""
    url = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_{action}",
                  args=[record.pk])  # fmt: skip
    answer = client.post(url, {"confirmed": "1", **fields}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_each_list_opens_with_rows_in_it(staff: Client, peer: Peer, name: str) -> None:
    PeerClient("none").get("tokens")
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/x", {}, "token x")])
    assert staff.get(reverse(f"admin:roaming_{name}_changelist")).status_code == 200


def test_staff_add_a_peer_and_invite_it(staff: Client) -> None:
    known = PeerFactory(new=True)
    values = {
        "name": "New operator", "party": str(known.party.pk), "profile": "STANDARD",
        "allowed_origins": "", "token_encoding": "BY_VERSION", "whitelist": "ALLOWED",
        "requests_per_minute": "600",
    }  # fmt: skip
    staff.post(reverse("admin:roaming_peer_add"), values)
    peer = Peer.objects.get(name="New operator")
    page = act(staff, peer, "invite")
    token = page.split("<th>Token</th><td>")[1].split("<")[0]
    assert PeerClient(token).get("credentials").status_code == 200
    peer.refresh_from_db()
    assert peer.state == "INVITED"
    assert PeerToken.objects.get(ended_at=None).kind == "REGISTRATION"


def test_staff_register_at_a_peer(staff: Client, operator: OperatorServer) -> None:
    peer = PeerFactory(new=True)
    url = reverse("admin:roaming_connect", args=[peer.pk])
    assert staff.get(url).status_code == 200
    wrong = staff.post(url, {"versions_url": f"{operator.base}/versions", "token": "wrong"})
    assert "HTTP 401" in wrong.content.decode()
    assert "ask the peer for a new one" in wrong.content.decode()
    staff.post(url, {"versions_url": f"{operator.base}/versions", "token": "token-a"})
    peer.refresh_from_db()
    assert peer.state == "REGISTERED"


def test_the_self_test_says_what_works(staff: Client, peer: Peer, operator: OperatorServer) -> None:
    operator.lists = {"locations": [], "sessions": [], "cdrs": []}
    page = act(staff, peer, "test")
    assert "5 of 6 passed" in page
    assert "tariffs" in page


def test_a_peer_is_suspended_with_a_reason_and_resumed(staff: Client, peer: Peer) -> None:
    act(staff, peer, "suspend")
    peer.refresh_from_db()
    assert peer.state == "REGISTERED", "a reason is needed"
    act(staff, peer, "suspend", reason="invoice dispute")
    peer.refresh_from_db()
    assert peer.state == "SUSPENDED"
    act(staff, peer, "resume", reason="settled")
    peer.refresh_from_db()
    assert peer.state == "REGISTERED"


def test_a_message_is_found_by_its_ids_and_handled_again(staff: Client, make_peer: Any) -> None:
    make_peer(token="secret")
    PeerClient("secret").post("cdrs", cdr(), **{"X-Correlation-ID": "corr-9"})
    url = reverse("admin:roaming_exchange_changelist")
    assert "corr-9" not in staff.get(url, {"q": "other"}).content.decode()
    assert "/ocpi/2.2.1/cdrs" in staff.get(url, {"q": "corr-9"}).content.decode()
    exchange = Exchange.objects.get(correlation_id="corr-9")
    page = staff.get(reverse("admin:roaming_exchange_change", args=[exchange.pk]))
    assert "CDR1" in page.content.decode()
    assert "HTTP 200, OCPI 1000" in act(staff, exchange, "handle_again")


def test_a_push_is_taken_out_and_sent_again(staff: Client, peer: Peer) -> None:
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/x", {}, "token x")])
    push = Push.objects.get()
    act(staff, push, "cancel", reason="wrong token")
    act(staff, push, "replay")
    assert list(Push.objects.order_by("number").values_list("state", flat=True)) == [
        "CANCELLED", "WAITING",
    ]  # fmt: skip


def test_a_queue_is_paused_and_goes_on(staff: Client, peer: Peer) -> None:
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/x", {}, "token x")])
    act(staff, peer.queue, "pause", reason="maintenance")
    peer.queue.refresh_from_db()
    assert peer.queue.is_paused
    act(staff, peer.queue, "resume", reason="done")
    peer.queue.refresh_from_db()
    assert not peer.queue.is_paused


def test_support_looks_and_does_not_touch(supporter: Client, peer: Peer) -> None:
    assert supporter.get(reverse("admin:roaming_peer_changelist")).status_code == 200
    url = reverse("admin:roaming_peer_suspend", args=[peer.pk])
    assert supporter.post(url, {"confirmed": "1", "reason": "x"}).status_code == 403
    assert supporter.get(reverse("admin:roaming_connect", args=[peer.pk])).status_code == 403


def test_old_messages_end() -> None:
    from datetime import timedelta

    from apps.roaming.services.exchanges import purge_exchanges

    PeerClient("none").get("tokens")
    assert purge_exchanges(now=timezone.now()) == 0
    assert purge_exchanges(now=timezone.now() + timedelta(days=31)) == 1


def test_the_history_tells_endpoints_and_roles_in_lines(staff: Client) -> None:
    peer = PeerFactory()
    peer.endpoints = [
        {"identifier": "cdrs", "role": "SENDER", "url": "https://a.b/cdrs"},
        {"identifier": "tokens", "role": "RECEIVER", "url": "https://a.b/tokens"},
    ]
    peer.roles = [{"role": "CPO", "business_details": {"name": "A & B", "website": ""}}]
    record("changed peer", peer)
    page = staff.get(reverse("admin:roaming_peer_history", args=[peer.pk])).content.decode()
    assert (
        "identifier: cdrs, role: SENDER, url: https://a.b/cdrs\n"
        "identifier: tokens, role: RECEIVER, url: https://a.b/tokens"
    ) in page
    assert "business details name: A &amp; B" in page
    assert "role: CPO" in page
    assert "&#x27;" not in page


def test_only_what_may_go_out_twice_has_the_button(staff: Client, peer: Peer) -> None:
    for module, is_there in (("tokens", True), ("credentials", False), ("commands", False)):
        sent = Exchange.objects.create(
            peer=peer, direction="OUT", at=timezone.now(), milliseconds=1, module=module,
            method="PUT", url="https://a.b/x",
        )  # fmt: skip
        page = staff.get(reverse("admin:roaming_exchange_change", args=[sent.pk]))
        assert (b"/send-again/" in page.content) is is_there


@pytest.mark.parametrize(
    ("screen", "said"),
    [
        ("peer", "No operator or hub is connected yet."), ("exchange", "is noted here"),
        ("waitingcdr", "received within seconds"), ("pushqueue", "gets its queue"),
    ],
)  # fmt: skip
def test_an_empty_list_says_what_would_be_there(staff: Client, screen: str, said: str) -> None:
    page = staff.get(reverse(f"admin:roaming_{screen}_changelist"))
    assert said in page.content.decode()
