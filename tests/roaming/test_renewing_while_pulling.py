"""The connection is renewed, ended or suspended while a list of the peer is being pulled."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.roaming.client.pages import Page, pages
from apps.roaming.models import KeptObject, Peer, PullCursor
from apps.roaming.services.connecting import update_peer
from apps.roaming.services.invitations import suspend_peer
from apps.roaming.services.pulling import PullOvertaken, pull_module
from apps.roaming.services.registration import disconnect
from apps.roaming.tasks import pull_peer
from tests.roaming.messages import location
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db


def on_second_page(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """`happens`, when the second page has come and is not kept yet."""

    def interrupted(*args: Any, **options: Any) -> Iterator[Page]:
        for number, page in enumerate(pages(*args, **options)):
            if number == 1:
                happens()
            yield page

    monkeypatch.setattr("apps.roaming.services.pulling.pages", interrupted)


def renew(peer: Peer) -> None:
    update_peer(peer=Peer.objects.select_related("party").get(pk=peer.pk), now=timezone.now())


def test_a_pull_that_a_renewal_overtook_does_not_undo_that_pulls_begin_anew(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.lists["locations"] = [location(n) for n in range(25)]
    pull_module(peer=peer, module="locations")
    on_second_page(monkeypatch, lambda: renew(peer))
    with pytest.raises(PullOvertaken):
        pull_module(peer=peer, module="locations", full=True, sleep=lambda seconds: None)
    cursor = PullCursor.objects.get(module="locations")
    assert (cursor.since, cursor.next_url, cursor.succeeded_at) == (None, "", None)


@pytest.mark.parametrize(
    "end",
    [
        lambda peer: disconnect(peer=peer, now=timezone.now()),
        lambda peer: suspend_peer(peer=peer, reason="unpaid", now=timezone.now()),
    ],
    ids=["ended", "suspended"],
)
def test_no_page_is_asked_for_or_kept_after_the_end(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    operator.lists["locations"] = [location(n) for n in range(25)]
    on_second_page(monkeypatch, lambda: end(peer))
    pull_peer(str(peer.pk))
    assert [seen.query.get("offset") for seen in operator.seen] == ["0", "10"]
    assert KeptObject.objects.count() == 10


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00", "1970-01-01T00:00:00Z"])
def test_a_peer_that_writes_the_first_year_for_the_time_is_pulled_by_our_clock(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch, stamp: str
) -> None:
    monkeypatch.setattr("tests.roaming.operator_server.STAMP", stamp)
    operator.lists["locations"] = [location()]
    began = timezone.now()
    cursor = pull_module(peer=peer, module="locations")
    assert cursor.since is not None
    assert abs((cursor.since - began).total_seconds()) < 300
