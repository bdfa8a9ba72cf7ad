"""Lists are pulled by pages since the last success, through faults, and never elsewhere."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.cdrs.models import CDR, ChargingSession
from apps.core.errors import DomainError
from apps.locations.models import Evse, Location
from apps.roaming.client.calls import PeerAnswer, PeerNotReached
from apps.roaming.client.origins import AddressRefused
from apps.roaming.client.pages import ListRefused
from apps.roaming.models import Exchange, KeptObject, Peer, PullCursor
from apps.roaming.ocpi.envelope import Answer
from apps.roaming.services.page_keeping import HANDLERS
from apps.roaming.services.pulling import modules_of, pull_module
from apps.roaming.services.registration import disconnect
from apps.roaming.tasks import ask_for_pull, pull_due_peers, pull_peer
from tests.roaming.door import PeerClient
from tests.roaming.factories import PeerFactory, role
from tests.roaming.messages import cdr, location, session, tariff
from tests.roaming.operator_server import STAMP, OperatorServer

pytestmark = pytest.mark.django_db


def pull(peer: Peer, module: str = "locations", **options: Any) -> PullCursor:
    return pull_module(peer=peer, module=module, sleep=lambda seconds: None, **options)


def test_all_pages_arrive(peer: Peer, operator: OperatorServer) -> None:
    operator.lists["locations"] = [location(n) for n in range(25)]
    cursor = pull(peer)
    assert (cursor.received, cursor.unread, cursor.next_url) == (25, 0, "")
    assert Location.objects.count() == 25
    assert KeptObject.objects.filter(module="locations").count() == 25
    assert len(operator.seen) == 3


def test_the_next_pull_asks_since_the_last_success_by_the_peers_clock(
    peer: Peer, operator: OperatorServer
) -> None:
    operator.lists["locations"] = [location(1)]
    pull(peer)
    operator.lists["locations"].append(location(2, last_updated="2026-05-02T00:00:00Z"))
    pull(peer)
    assert operator.seen[-1].query["date_from"] == "2026-05-01T11:58:00Z"
    assert Location.objects.count() == 2


def test_what_a_peer_sent_that_left_becomes_the_peers_who_lists_it(
    peer: Peer, operator: OperatorServer
) -> None:
    left = PeerFactory(token="left")
    sender = PeerClient("left")
    sender.put("locations/NL/CPO/LOC1", location(1, last_updated="2026-06-01T00:00:00Z"))
    sender.put("locations/NL/CPO/LOC2", location(2))
    left.state = Peer.State.UNREGISTERED
    left.save()
    operator.lists["locations"] = [location(1, name="Of the newcomer"), location(2)]
    pull(peer)
    kept = KeptObject.objects.filter(module="locations")
    assert {each.peer_id for each in kept} == {peer.pk}
    assert Location.objects.get(location_id="LOC1").name == "Of the newcomer"
    operator.lists["locations"] = [location(2)]
    pull(peer, full=True)
    assert Evse.objects.get(uid="E1").status == "REMOVED"


@pytest.mark.parametrize(
    "fault", [(500, None), (429, None), (200, '{"data": [1,'), (502, "<html>")]
)
def test_faults_in_the_middle_are_asked_again(
    peer: Peer, operator: OperatorServer, fault: Any
) -> None:
    operator.lists["locations"] = [location(n) for n in range(12)]
    operator.faults = [fault, fault]
    assert pull(peer).received == 12


def test_a_pull_that_gave_up_goes_on_where_it_stopped(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.lists["locations"] = [location(n) for n in range(25)]
    real = operator.answer

    def fail_on_second_page(seen: Any) -> Any:
        return (503, {}, None) if seen.query.get("offset") == "10" else real(seen)

    monkeypatch.setattr(operator, "answer", fail_on_second_page)
    with pytest.raises(DomainError):
        pull(peer)
    cursor = PullCursor.objects.get()
    assert (cursor.received, cursor.succeeded_at) == (10, None)
    assert "503" in cursor.last_error
    monkeypatch.setattr(operator, "answer", real)
    operator.seen.clear()
    assert pull(peer).received == 25
    assert operator.seen[0].query["offset"] == "10"


def test_half_a_list_from_something_in_between_is_asked_for_again(
    peer: Peer, operator: OperatorServer
) -> None:
    operator.lists["locations"] = [location(1), location(2)]
    pull(peer)
    half = json.dumps({"data": [location(1)], "status_code": 1000, "timestamp": STAMP})
    operator.faults = [(206, half)]
    assert pull(peer, full=True).received == 2
    assert set(Evse.objects.values_list("status", flat=True)) == {"AVAILABLE"}
    operator.faults = [(206, half)] * 5
    with pytest.raises(ListRefused, match="HTTP 206"):
        pull(peer, full=True)


def test_a_list_shorter_than_it_says_removes_nothing(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.lists["locations"] = [location(1), location(2)]
    pull(peer)
    real = operator.answer
    monkeypatch.setattr(
        operator, "answer", lambda seen: (200, {"X-Total-Count": "2"}, real(seen)[2][:1])
    )
    cursor = pull(peer, full=True)
    assert "after 1 of 2 objects" in cursor.last_error
    assert set(Evse.objects.values_list("status", flat=True)) == {"AVAILABLE"}
    monkeypatch.setattr(operator, "answer", lambda seen: (200, {}, real(seen)[2][:1]))
    assert pull(peer, full=True).last_error == ""
    assert dict(Evse.objects.values_list("uid", "status")) == {"E1": "AVAILABLE", "E2": "REMOVED"}


def test_a_page_that_is_gone_is_not_asked_for_for_ever(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.lists["locations"] = [location(n) for n in range(25)]
    real = operator.answer
    second = {"10": (503, {}, None)}

    def answer(seen: Any) -> Any:
        return second.get(seen.query.get("offset")) or real(seen)

    monkeypatch.setattr(operator, "answer", answer)
    with pytest.raises(ListRefused):
        pull(peer)
    second["10"] = (404, {}, None)
    with pytest.raises(ListRefused):
        pull(peer)
    assert operator.seen[-1].query["offset"] == "10", "it went on where it stopped"
    second.clear()
    operator.seen.clear()
    assert pull(peer).received == 25
    assert operator.seen[0].query["offset"] == "0", "the next one begins anew"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7), ("99999", 3600), ("9" * 5000, 3600), ("Wed, 01 Apr 2026 10:00:09 GMT", 9),
        ("Wed, 01 Apr 2026 09:00:00 GMT", 0), ("Thu, 02 Apr 2026 10:00:00 GMT", 3600),
        ("Wed, 01 Apr 2026 10:00:09", 0), ("soon", 0), ("-5", 0), ("", 0),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(
    monkeypatch: pytest.MonkeyPatch, said: str, seconds: int
) -> None:
    now = datetime(2026, 4, 1, 10, tzinfo=UTC)
    monkeypatch.setattr("apps.roaming.client.calls.timezone.now", lambda: now)
    assert PeerAnswer(429, {"retry-after": said}, Answer()).retry_after == seconds


def test_a_pull_stops_when_the_connection_ended_meanwhile(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.lists |= {"locations": [location(1)], "tariffs": [tariff(1)]}

    def pull_and_end(**options: Any) -> None:
        pull_module(**options)
        disconnect(peer=peer, now=timezone.now())

    monkeypatch.setattr("apps.roaming.tasks.pull_module", pull_and_end)
    pull_peer(str(peer.pk))
    assert [seen.path for seen in operator.seen] == ["/2.2.1/locations"]


@pytest.mark.parametrize(("error", "asked"), [(PeerNotReached, 1), (ListRefused, 4)])
def test_a_peer_that_is_not_there_is_not_waited_for_list_by_list(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, error: type[DomainError], asked: int
) -> None:
    lists: list[str] = []

    def fail(*, module: str, **options: Any) -> None:
        lists.append(module)
        raise error("Nobody there.")

    monkeypatch.setattr("apps.roaming.tasks.pull_module", fail)
    pull_peer(str(peer.pk))
    assert lists == ["locations", "tariffs", "sessions", "cdrs"][:asked]


def test_who_asks_often_gets_one_pull(peer: Peer, operator: OperatorServer) -> None:
    operator.lists |= {"locations": [location(1)], "tariffs": [tariff(1)]}
    asked = [(timezone.now() - timedelta(seconds=n)).isoformat() for n in (3, 2, 1)]
    for each in asked:
        pull_peer(str(peer.pk), asked_at=each)
    once = ["/2.2.1/locations", "/2.2.1/tariffs", "/2.2.1/sessions", "/2.2.1/cdrs"]
    assert [seen.path for seen in operator.seen] == once
    pull_peer(str(peer.pk), asked_at=timezone.now().isoformat())
    assert [seen.path for seen in operator.seen] == once * 2


def test_a_list_that_is_asked_for_while_it_is_pulled_is_pulled_again(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow peer makes that likely; the worker that is asked finds the list being pulled."""
    operator.lists |= {"locations": [location(1)], "tariffs": [], "sessions": [], "cdrs": []}
    pull_peer(str(peer.pk))
    operator.seen.clear()
    # Gone at the peer: only the whole list tells.
    operator.lists["locations"] = [location(2)]

    def ask(seconds: float) -> None:
        ask_for_pull(peer, full=True)
        pull_peer(str(peer.pk), asked_at=timezone.now().isoformat())

    monkeypatch.setattr(
        "apps.roaming.tasks.pull_module", lambda **options: pull_module(**options, sleep=ask)
    )
    operator.faults = [(500, None)]
    pull_peer(str(peer.pk))
    asked = [seen.query.get("date_from") for seen in operator.seen if "locations" in seen.path]
    assert asked == ["2026-05-01T11:58:00Z", "2026-05-01T11:58:00Z", None]
    assert PullCursor.objects.get(module="locations").asked == ""
    assert KeptObject.objects.get(module="locations", deleted_at=None).key == "LOC2"


def test_what_was_asked_for_and_did_not_begin_is_due(
    peer: Peer, operator: OperatorServer, no_tasks: list[str]
) -> None:
    """The worker that should have begun was killed, or nobody was there."""
    operator.lists |= {"locations": [], "tariffs": [], "sessions": [], "cdrs": []}
    pull_peer(str(peer.pk))
    pull_due_peers()
    assert no_tasks == []
    ask_for_pull(peer)
    no_tasks.clear()
    pull_due_peers()
    assert no_tasks == ["pull_peer"]


def test_a_peer_that_is_not_there_is_tried_once_for_all_who_asked(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull_peer(str(peer.pk))
    tried: list[str] = []

    def fail(*, module: str, **options: Any) -> None:
        tried.append(module)
        raise PeerNotReached("Nobody there.")

    monkeypatch.setattr("apps.roaming.tasks.pull_module", fail)
    asked = timezone.now().isoformat()
    pull_peer(str(peer.pk), asked_at=asked)
    pull_peer(str(peer.pk), asked_at=asked)
    assert tried == ["locations"]


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/next", "https://evil.example/next", "file:///etc/passwd"]
)
def test_a_link_that_leads_elsewhere_is_not_followed(
    peer: Peer, operator: OperatorServer, link: str
) -> None:
    operator.lists["locations"] = [location(n) for n in range(12)]
    operator.next_link = f'<{link}>; rel="next"'
    with pytest.raises(AddressRefused):
        pull(peer)
    assert Exchange.objects.count() == 1
    assert not Location.objects.exists(), "the page with the wrong link is not taken either"


def test_a_link_in_a_circle_ends(peer: Peer, operator: OperatorServer) -> None:
    operator.lists["locations"] = [location(n) for n in range(12)]
    operator.next_link = f'<{operator.base}/2.2.1/locations?offset=0>; rel="next"'
    with pytest.raises(ListRefused, match="links back"):
        pull(peer)


def test_wrong_objects_are_told_and_the_right_ones_kept(
    peer: Peer, operator: OperatorServer
) -> None:
    foreign = location(3, party_id="OTH")
    operator.lists["locations"] = [location(1), {"id": "X"}, 5, foreign, location(2)]
    cursor = pull(peer)
    assert (cursor.received, cursor.unread) == (5, 3)
    assert "X: Missing required field" in cursor.last_error
    assert Location.objects.count() == 2


def test_a_pull_never_sets_back_what_was_pushed_meanwhile(
    peer: Peer, operator: OperatorServer
) -> None:
    operator.lists["locations"] = [location(1, name="New", last_updated="2026-04-09T00:00:00Z")]
    pull(peer)
    operator.lists["locations"] = [location(1, name="Old")]
    pull(peer, full=True)
    assert Location.objects.get().name == "New"


def test_what_a_full_pull_no_longer_lists_is_removed(peer: Peer, operator: OperatorServer) -> None:
    operator.lists["locations"] = [location(1), location(2)]
    pull(peer)
    operator.lists["locations"] = [location(1)]
    pull(peer, full=True)
    assert dict(Evse.objects.values_list("uid", "status")) == {"E1": "AVAILABLE", "E2": "REMOVED"}
    assert KeptObject.objects.get(key="LOC2").deleted_at is not None


def test_sessions_cdrs_and_tariffs_are_pulled_too(peer: Peer, operator: OperatorServer) -> None:
    operator.lists |= {
        "sessions": [session(n) for n in range(3)],
        "cdrs": [cdr(n) for n in range(12)],
        "tariffs": [tariff(1), tariff(2)],
    }
    for module in ("sessions", "cdrs", "tariffs"):
        assert pull(peer, module).unread == 0
    first = operator.seen[0]
    assert "date_from" in first.query, "sessions can't be asked for without"
    assert (ChargingSession.objects.count(), CDR.objects.count()) == (3, 12)
    assert KeptObject.objects.filter(module="tariffs").count() == 2
    assert pull(peer, "cdrs", full=True).unread == 0
    assert CDR.objects.count() == 12


def test_gireve_is_asked_for_its_page_sizes_and_for_tariffs_by_operator(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer("2.1.1", profile="GIREVE")
    old = {k: v for k, v in location(1).items() if k not in {"country_code", "party_id"}}
    operator.lists["locations"] = [old | {"operator": {"name": "FR*ABC"}}]
    operator.lists["tariffs"] = [tariff(1, country_code="FR", party_id="ABC")]
    pull(peer)
    assert operator.seen[-1].query["limit"] == "20"
    assert Location.objects.get().operator.party == "FR*ABC"
    assert ("tariffs", "FR*ABC") in modules_of(peer)
    pull(peer, "tariffs", operator="FR*ABC")
    assert operator.seen[-1].headers["ocpi-to-party-id"] == "ABC"
    assert "ocpi-from-party-id" not in operator.seen[-1].headers


def test_a_hub_is_asked_for_everything_under_its_own_party(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer(hub=True)
    operator.lists["locations"] = [location(1), location(2, country_code="DE", party_id="ABC")]
    pull(peer)
    assert operator.seen[0].headers["ocpi-to-party-id"] == "HUB"
    parties = {each.operator.party for each in Location.objects.select_related("operator")}
    assert parties == {"NL*CPO", "DE*ABC"}


def test_a_platform_of_several_operators_is_asked_for_each(
    make_peer: Any, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the letter it gives only what is the addressed party's."""
    both = [location(1), location(2, party_id="TWO")]
    operator.lists["locations"] = both
    peer = make_peer(roles=[role("NL*CPO"), role("NL*TWO"), role("NL*CPO", "EMSP")])
    real = operator.answer

    def of_the_addressed(seen: Any) -> Any:
        code, _, data = real(seen)
        to = seen.headers["ocpi-to-party-id"]
        return code, {}, [each for each in data or [] if each["party_id"] == to]

    monkeypatch.setattr(operator, "answer", of_the_addressed)
    for _ in range(2):
        pull_peer(str(peer.pk))
        PullCursor.objects.update(since=None)
    assert dict(Evse.objects.values_list("uid", "status")) == {"E1": "AVAILABLE", "E2": "AVAILABLE"}
    operator.lists["locations"] = both[:1]
    pull_peer(str(peer.pk))
    assert dict(Evse.objects.values_list("uid", "status")) == {"E1": "AVAILABLE", "E2": "REMOVED"}
    assert ("hubclientinfo", "") not in modules_of(peer)


def test_a_fault_of_ours_with_one_list_is_told_and_keeps_no_other(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(HANDLERS, "locations", fail)
    operator.lists |= {"locations": [location()], "tariffs": [tariff()]}
    pull_peer(str(peer.pk))
    assert PullCursor.objects.get(module="locations").last_error == "ZeroDivisionError: of ours"
    assert KeptObject.objects.get().module == "tariffs"


def test_a_total_of_too_many_digits_is_none(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        operator, "answer", lambda seen: (200, {"X-Total-Count": "9" * 5000}, [location()])
    )
    assert pull(peer).received == 1
