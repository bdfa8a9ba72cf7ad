"""What a peer does differently from the specification: each switch of the peer, on and off."""

from typing import Any

import pytest

from apps.cdrs.models import CDR, ChargingSession
from apps.roaming.models import Peer
from apps.roaming.services.pulling import pull_module
from tests.accounts.factories import TokenFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import cdr, period, session
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
LATER = "2026-04-01T12:00:00Z"
ROUTING = {
    "OCPI-from-country-code": "NL", "OCPI-from-party-id": "CPO",
    "OCPI-to-country-code": "NL", "OCPI-to-party-id": "EVC",
}  # fmt: skip


def a_peer(**switches: Any) -> PeerClient:
    PeerFactory(token="secret", **switches)
    return PeerClient("secret")


def switch(**switches: bool) -> None:
    peer = Peer.objects.get()
    for name, value in switches.items():
        setattr(peer, name, value)
    peer.save()


@pytest.mark.parametrize(
    ("version", "encoding", "header"),
    [
        ("2.1.1", "BY_VERSION", "Token token-c"),
        ("2.2.1", "BY_VERSION", "Token dG9rZW4tYw=="),
        ("2.3.0", "BY_VERSION", "Token dG9rZW4tYw=="),
        ("2.1.1", "BASE64", "Token dG9rZW4tYw=="),
        ("2.2.1", "PLAIN", "Token token-c"),
    ],
)
def test_our_token_is_presented_as_the_peer_reads_it(
    make_peer: Any, operator: OperatorServer, version: str, encoding: str, header: str
) -> None:
    operator.lists["locations"] = []
    pull_module(peer=make_peer(version, token_encoding=encoding), module="locations")
    assert operator.seen[-1].headers["authorization"] == header


@pytest.mark.parametrize("presented", ["Token secret", "Token c2VjcmV0", "token secret"])
def test_the_peers_token_is_taken_plain_and_in_base64(presented: str) -> None:
    assert status(a_peer().get("tokens", Authorization=presented)) == (200, 1000)


def test_missing_headers_are_tolerated_unless_the_peer_must_send_them() -> None:
    assert status(a_peer().get("tokens")) == (200, 1000)
    switch(requires_routing_headers=True)
    strict = PeerClient("secret")
    assert status(strict.get("tokens")) == (200, 2001)
    assert status(strict.get("tokens", **ROUTING)) == (200, 1000)
    assert status(strict.get("credentials")) == (200, 1000), "configuration is never routed"


def test_a_request_without_ids_gets_some() -> None:
    answer = a_peer().call("GET", "tokens", None, **{"X-Request-ID": ""})
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Correlation-ID"]


def test_a_page_limit_holds_for_what_we_ask_and_what_we_give(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer(page_limit=3, token="secret")
    operator.lists["locations"] = []
    pull_module(peer=peer, module="locations")
    assert operator.seen[-1].query["limit"] == "3"
    for _ in range(4):
        TokenFactory()
    answer = PeerClient("secret").get("tokens?limit=50")
    assert (len(answer.json()["data"]), answer.headers["X-Limit"]) == (3, "3")
    assert "limit=3" in answer.headers["Link"]


def test_a_peer_that_must_put_its_sessions_can_not_patch_them() -> None:
    cpo = a_peer(patches_sessions=False)
    cpo.put("sessions/NL/CPO/S1", session())
    patch = {"kwh": 4.5, "charging_periods": [period(LATER, 3)], "last_updated": LATER}
    assert status(cpo.patch("sessions/NL/CPO/S1", patch)) == (405, 2000)
    assert cpo.get("sessions/NL/CPO/S1").json()["data"] == session()
    assert status(cpo.put("sessions/NL/CPO/S1", session(kwh=4.5, last_updated=LATER)))[1] == 1000
    assert ChargingSession.objects.get().kwh == 4.5


def test_credit_cdrs_are_taken_unless_the_peer_has_none() -> None:
    cpo = a_peer()
    cpo.post("cdrs", cdr())
    credit = cdr(
        2, credit=True, credit_reference_id="CDR1",
        total_cost={"excl_vat": -4.6, "incl_vat": -5.57},
    )  # fmt: skip
    switch(sends_credit_cdrs=False)
    assert status(cpo.post("cdrs", credit)) == (200, 2001)
    assert CDR.objects.count() == 1
    switch(sends_credit_cdrs=True)
    assert status(cpo.post("cdrs", credit)) == (201, 1000)
    assert CDR.objects.get(cdr_id="CDR2").is_credit


def test_a_list_brings_no_credit_cdr_of_a_peer_that_has_none(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer(sends_credit_cdrs=False)
    credit = cdr(2, credit=True, credit_reference_id="CDR1", total_cost={"excl_vat": -4.6})
    operator.lists["cdrs"] = [cdr(), credit]
    cursor = pull_module(peer=peer, module="cdrs")
    assert (cursor.received, cursor.unread) == (2, 1)
    assert "CDR2: This connection has no credit CDRs." in cursor.last_error
    assert CDR.objects.get().cdr_id == "CDR1"


@pytest.mark.parametrize("whitelist", ["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"])
def test_our_tokens_say_to_the_peer_whether_to_ask(whitelist: str) -> None:
    cpo = a_peer(whitelist=whitelist)
    TokenFactory()
    [token] = cpo.get("tokens").json()["data"]
    assert token["whitelist"] == whitelist
