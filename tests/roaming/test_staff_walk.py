"""A walk over the buttons and addresses of roaming that no other test goes through: what each
leaves in the trail, and that going there again leaves nothing."""

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.locations.models import Location
from apps.roaming.models import Exchange, KeptObject, Peer
from apps.roaming.services.delivering import deliver_queue
from apps.roaming.services.page_keeping import keep_hub_clients, keep_tokens
from apps.roaming.services.queueing import Message, enqueue
from apps.roaming.tasks import pull_peer
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import location
from tests.roaming.operator_server import OperatorServer
from tests.roaming.test_admin import act

pytestmark = pytest.mark.django_db
TOKEN = {
    "country_code": "NL", "party_id": "CPO", "uid": "0499", "type": "RFID",
    "contract_id": "NL-CPO-C9", "issuer": "Other", "valid": True, "whitelist": "ALLOWED",
    "last_updated": "2026-04-01T10:00:00Z",
}  # fmt: skip
LATER = "2026-04-02T10:00:00Z"


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("walker@example.com", "x" * 16)


@pytest.fixture
def staff(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def told(peer: Peer) -> list[tuple[str, str]]:
    """Who did what with the peer, the first first."""
    story = Entry.objects.story_of(peer).order_by("pk")
    return [(entry.activity, entry.actor_id) for entry in story]


def test_tokens_are_renewed_and_the_peer_is_left_by_the_person_who_asked(
    staff: Client, person: User, peer: Peer, operator: OperatorServer
) -> None:
    before = len(told(peer))
    act(staff, peer, "renew", reason="yearly")
    renewed = told(peer)[before:]
    assert {actor for _, actor in renewed} == {str(person.pk)}
    act(staff, peer, "leave", reason="contract ended")
    assert {actor for _, actor in told(peer)[before:]} == {str(person.pk)}
    peer.refresh_from_db()
    assert peer.state == "UNREGISTERED"


def test_looking_for_the_address_and_pulling_change_nothing_of_the_peer(
    staff: Client, peer: Peer, no_tasks: list[str]
) -> None:
    new = PeerFactory(new=True)
    count = Entry.objects.count()
    act(staff, new, "connect")
    act(staff, peer, "pull_now")
    act(staff, peer, "pull_all")
    assert Entry.objects.count() == count
    assert no_tasks == ["pull_peer", "pull_peer"]


def test_staff_pull_all_anew_what_a_hub_shows_since_a_new_agreement(
    staff: Client, peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator whose locations did not change is in no list of changes."""
    sent: list[tuple[tuple[str], dict[str, bool]]] = []
    monkeypatch.setattr(pull_peer, "apply_async", lambda *sending: sent.append(sending))

    def press(button: str) -> int:
        act(staff, peer, button)
        args, options = sent.pop()
        pull_peer(*args, **options)
        return Location.objects.count()

    operator.lists["locations"] = [location(1)]
    assert press("pull_now") == 1
    operator.lists["locations"] += [location(2, last_updated="2026-01-01T00:00:00Z")]
    assert press("pull_now") == 1
    assert press("pull_all") == 2


def test_a_message_of_ours_is_sent_again(
    staff: Client, peer: Peer, operator: OperatorServer
) -> None:
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/NL/EVC/1", {}, "token 1")])
    deliver_queue(peer=peer)
    ours = Exchange.objects.get(module="tokens")
    count = len(operator.seen)
    act(staff, ours, "send_again")
    assert len(operator.seen) == count + 1


@pytest.fixture
def door() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def test_tokens_of_another_provider_are_kept_and_are_no_records_of_ours(door: PeerClient) -> None:
    path = "tokens/NL/CPO/0499"
    count = Entry.objects.count()
    assert status(door.put(path, TOKEN))[1] == 1000
    assert status(door.patch(path, {"valid": False, "last_updated": LATER}))[1] == 1000
    assert '"valid": false' in KeptObject.objects.get().body.replace('":f', '": f')
    assert Entry.objects.count() == count


def test_pages_of_tokens_and_hub_clients_are_kept(peer: Peer) -> None:
    count = Entry.objects.count()
    info = {"country_code": "NL", "party_id": "ZZZ", "role": "CPO", "status": "CONNECTED",
            "last_updated": LATER}  # fmt: skip
    assert keep_tokens(peer, [TOKEN], timezone.now()) == []
    keep_hub_clients(peer, [info], timezone.now())
    assert Entry.objects.count() == count
