"""Our tokens: as a list by pages, and in real time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Token
from apps.roaming.models import Authorization
from apps.roaming.services.token_pushes import push_changed_tokens
from tests.accounts.factories import AccountFactory, ProviderFactory, TokenFactory
from tests.locations.factories import EvseFactory, LocationFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, PeerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def test_pages_lead_through_all_tokens_oldest_first(cpo: PeerClient) -> None:
    expected = [TokenFactory().uid for _ in range(7)]
    found, path = [], "tokens?limit=3"
    while path:
        page = cpo.get(path)
        found += [token["uid"] for token in page.json()["data"]]
        assert page.headers["X-Total-Count"] == "7"
        link = page.headers.get("Link")
        path = link[1 : link.index(">")].removeprefix("http://testserver") if link else ""
    assert found == expected


def test_dates_begin_inclusive_and_end_exclusive(cpo: PeerClient) -> None:
    times = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
    for number, time in enumerate(times):
        token = TokenFactory(uid=f"U{number}")
        Token._base_manager.filter(pk=token.pk).update(updated_at=time)
        type(token.account)._base_manager.filter(pk=token.account_id).update(updated_at=time)
    page = cpo.get("tokens?date_from=2026-03-02T00:00:00Z&date_to=2026-03-03T00:00:00Z")
    assert [token["uid"] for token in page.json()["data"]] == ["U1"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "date_from=today"])
def test_a_wrong_query_is_2001(cpo: PeerClient, query: str) -> None:
    assert status(cpo.get(f"tokens?{query}")) == (200, 2001)


def test_a_token_of_a_stopped_account_is_not_valid(cpo: PeerClient) -> None:
    TokenFactory(account=AccountFactory(status="STOPPED"))
    assert cpo.get("tokens").json()["data"][0]["valid"] is False


def test_each_party_owns_its_providers_tokens_and_2_1_1_knows_one_party(cpo: PeerClient) -> None:
    voltly = ProviderFactory()
    PartyFactory(country_code="GB", party_id="VLT", provider=voltly)
    TokenFactory(uid="OURS")
    TokenFactory(uid="THEIRS", account=AccountFactory(provider=voltly))
    tokens = cpo.get("tokens").json()["data"]
    owners = {token["uid"]: token["party_id"] for token in tokens}
    assert owners == {"OURS": "EVC", "THEIRS": "VLT"}


def test_2_1_1_has_an_auth_id_and_no_parties() -> None:
    PeerFactory(token="old", version="2.1.1")
    TokenFactory(contract_id="NL-EVC-C9", kind="APP_USER")
    [token] = PeerClient("old", "2.1.1").get("tokens").json()["data"]
    assert (token["auth_id"], token["type"]) == ("NL-EVC-C9", "OTHER")
    assert "contract_id" not in token
    assert "party_id" not in token


def authorize(cpo: PeerClient, uid: str, body: Any = None, **query: str) -> Any:
    suffix = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
    return cpo.call("POST", f"tokens/{uid}/authorize{suffix}", body)


def test_a_valid_token_is_allowed_and_gets_a_reference(cpo: PeerClient) -> None:
    TokenFactory(uid="04AB")
    answer = authorize(cpo, "04ab", {"location_id": "LOC1", "evse_uids": ["E1"]}).json()
    assert answer["status_code"] == 1000
    assert answer["data"]["allowed"] == "ALLOWED"
    assert answer["data"]["location"] == {"location_id": "LOC1", "evse_uids": ["E1"]}
    assert answer["data"]["token"]["uid"] == "04AB"
    reference = answer["data"]["authorization_reference"]
    assert Authorization.objects.get().reference == reference
    assert len(reference) <= 36


def test_what_we_know_of_the_place_refuses_nobody(cpo: PeerClient) -> None:
    TokenFactory(uid="04AB")
    EvseFactory(uid="E1", status="REMOVED", location=LocationFactory(location_id="LOC1"))
    place = {"location_id": "LOC1", "evse_uids": ["E1", "E2"]}
    answer = authorize(cpo, "04AB", place).json()["data"]
    assert (answer["allowed"], answer["location"]) == ("ALLOWED", place)


def test_2_1_1_gets_the_connectors_back_that_it_named() -> None:
    PeerFactory(token="old", version="2.1.1")
    TokenFactory(uid="U1")
    place = {"location_id": "L" * 39, "evse_uids": ["E1"], "connector_ids": ["1", "2"]}
    answer = authorize(PeerClient("old", "2.1.1"), "U1", place).json()["data"]
    assert answer["location"] == place


@pytest.mark.parametrize("uids", [[{}], [7], [None], "E1", ["E" * 40]])
def test_uids_that_are_none_are_2001(cpo: PeerClient, uids: Any) -> None:
    TokenFactory(uid="U1")
    assert status(authorize(cpo, "U1", {"location_id": "L", "evse_uids": uids})) == (200, 2001)
    assert not Authorization.objects.exists()


def test_a_hub_may_name_the_party_of_the_token(cpo: PeerClient) -> None:
    TokenFactory(uid="U1")
    assert status(cpo.call("POST", "tokens/nl/evc/U1/authorize")) == (200, 1000)
    assert status(cpo.call("POST", "tokens/NL/OTH/U1/authorize")) == (404, 2004)


def test_an_unknown_token_is_404_and_2004(cpo: PeerClient) -> None:
    assert status(authorize(cpo, "NONE")) == (404, 2004)


def test_a_token_of_another_type_is_unknown(cpo: PeerClient) -> None:
    TokenFactory(uid="U1")
    assert status(authorize(cpo, "U1", type="APP_USER")) == (404, 2004)
    assert status(authorize(cpo, "U1", type="RFID")) == (200, 1000)


def test_2_1_1_asks_for_an_app_token_as_the_type_we_told_it() -> None:
    PeerFactory(token="old", version="2.1.1")
    TokenFactory(uid="APP", kind="APP_USER")
    old = PeerClient("old", "2.1.1")
    assert status(authorize(old, "APP", type="OTHER")) == (200, 1000)
    assert status(authorize(old, "APP", type="RFID")) == (404, 2004)


def test_a_blocked_token_is_not_allowed(cpo: PeerClient) -> None:
    TokenFactory(uid="U1", is_valid=False)
    answer = authorize(cpo, "U1").json()["data"]
    assert answer["allowed"] == "BLOCKED"
    assert "authorization_reference" not in answer
    assert not Authorization.objects.exists()


def test_gireve_2_1_1_gets_an_authorization_id_and_pads_card_numbers() -> None:
    PeerFactory(token="iop", version="2.1.1", profile="GIREVE")
    TokenFactory(uid="1A2B3C")
    peer = PeerClient("iop", "2.1.1")
    assert peer.get("tokens").json()["data"][0]["uid"] == "001A2B3C"
    answer = authorize(peer, "001a2b3c").json()["data"]
    assert answer["allowed"] == "ALLOWED"
    assert answer["authorization_id"]


def test_plain_2_1_1_has_no_field_for_a_reference() -> None:
    PeerFactory(token="old", version="2.1.1")
    TokenFactory(uid="U1")
    assert authorize(PeerClient("old", "2.1.1"), "U1").json()["data"] == {"allowed": "ALLOWED"}


def test_changed_tokens_are_queued_once(make_peer: Any) -> None:
    peer = make_peer()
    token = TokenFactory(uid="U1")
    app = TokenFactory(uid="U 2", kind="APP_USER")
    now = timezone.now()
    assert push_changed_tokens(peer=peer, now=now) == 2
    assert push_changed_tokens(peer=peer, now=now + timedelta(seconds=10)) == 0
    token.is_valid = False
    token.save()
    assert push_changed_tokens(peer=peer, now=now + timedelta(seconds=20)) == 1
    paths = list(peer.queue.pushes.order_by("number").values_list("path", flat=True))
    assert paths == ["/NL/EVC/U1", "/NL/EVC/U%202?type=APP_USER", "/NL/EVC/U1"]
    assert app.uid in peer.queue.pushes.get(number=2).body


def test_a_stopped_account_pushes_its_tokens(make_peer: Any) -> None:
    peer = make_peer()
    token = TokenFactory()
    push_changed_tokens(peer=peer, now=timezone.now())
    token.account.status = "STOPPED"
    token.account.save()
    assert push_changed_tokens(peer=peer, now=timezone.now()) == 1
    assert '"valid": false' in peer.queue.pushes.get(number=2).body
