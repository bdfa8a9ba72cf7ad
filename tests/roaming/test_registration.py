"""Registration in both directions, over real HTTP."""

from typing import Any

import httpcore
import pytest
from django.utils import timezone

from apps.roaming.client.origins import AddressRefused
from apps.roaming.models import Exchange, Peer, PeerToken
from apps.roaming.ocpi.errors import InvalidMessage, UnsupportedVersion
from apps.roaming.secrets import decrypt_token
from apps.roaming.services.connecting import (
    RegistrationRefused,
    connect_peer,
    leave_peer,
    update_peer,
)
from apps.roaming.services.invitations import PeerIsRegistered, invite_peer
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, PeerFactory, role
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def invited() -> tuple[Peer, PeerClient]:
    peer = PeerFactory(new=True)
    return peer, PeerClient(invite_peer(peer=peer, now=timezone.now()))


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_a_peer_registers_and_uses_the_token_it_got(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], version: str, no_tasks: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    peer, client = invited
    operator.version = client.version = version
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("credentials", operator.own_credentials("token-a"))
    assert status(answer) == (200, 1000)
    ours = answer.json()["data"]
    assert ours["url"] == "http://testserver/ocpi/versions"
    assert status(client.get("tokens"))[0] == 401, "the registration token is used up"
    assert status(client.post("credentials", {}))[0] == 401
    assert status(PeerClient(ours["token"], version).get("tokens")) == (200, 1000)
    peer.refresh_from_db()
    assert (peer.state, peer.version) == ("REGISTERED", version)
    assert decrypt_token(peer.outgoing_token) == "token-a"
    assert peer.endpoint("locations", "SENDER") == f"{operator.base}/{version}/locations"
    assert peer.endpoint("tokens", "RECEIVER") == f"{operator.base}/{version}/tokens"
    assert no_tasks == ["pull_peer"], "the first pull begins"


def test_our_credentials_name_each_of_our_parties_and_roles(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    PartyFactory(country_code="DE", party_id="VLT", name="Voltly")
    PartyFactory(role="CPO", name="evcharge stations")
    answer = invited[1].post("credentials", operator.own_credentials("token-a"))
    roles = [(r["role"], r["country_code"], r["party_id"]) for r in answer.json()["data"]["roles"]]
    assert roles == [("EMSP", "NL", "EVC"), ("EMSP", "DE", "VLT"), ("CPO", "NL", "EVC")]


def test_a_registration_token_opens_versions_and_credentials_only(
    invited: tuple[Peer, PeerClient],
) -> None:
    client = invited[1]
    assert status(client.get("/ocpi/versions")) == (200, 1000)
    assert status(client.get("/ocpi/2.2.1")) == (200, 1000)
    assert status(client.get("credentials")) == (200, 1000)
    assert status(client.get("tokens"))[0] == 401
    assert status(client.put("locations/NL/CPO/L1", {}))[0] == 401


def test_put_and_delete_before_registration_are_405(invited: tuple[Peer, PeerClient]) -> None:
    assert status(invited[1].put("credentials", {}))[0] == 405
    assert status(invited[1].delete("credentials"))[0] == 405


def test_a_second_post_is_405_and_a_put_exchanges_the_tokens(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    peer, client = invited
    first = client.post("credentials", operator.own_credentials("token-a")).json()["data"]["token"]
    client = PeerClient(first)
    assert status(client.post("credentials", operator.own_credentials("token-a")))[0] == 405
    operator.tokens = {"token-new"}
    answer = client.put("credentials", operator.own_credentials("token-new"))
    assert status(answer) == (200, 1000)
    assert status(client.get("tokens"))[0] == 401
    assert status(PeerClient(answer.json()["data"]["token"]).get("tokens"))[0] == 200
    peer.refresh_from_db()
    assert decrypt_token(peer.outgoing_token) == "token-new"


def test_a_put_to_another_version_switches_the_connection(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    peer, client = invited
    token = client.post("credentials", operator.own_credentials("token-a")).json()["data"]["token"]
    operator.version = "2.3.0"
    newer = PeerClient(token, "2.3.0")
    assert status(newer.put("credentials", operator.own_credentials("token-a"))) == (200, 1000)
    peer.refresh_from_db()
    assert peer.version == "2.3.0"


@pytest.mark.parametrize(
    ("claimed", "refused"),
    [(role("NL*CPO"), False), (role("NL*NEW"), False), (role("FR*HUB", "HUB"), True),
     (role("NL*OTH"), True)],
)  # fmt: skip
def test_a_put_does_not_widen_for_whom_a_peer_speaks(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], claimed: Any, refused: bool
) -> None:
    PeerFactory(roles=[role("NL*OTH")])
    peer, client = invited
    own = operator.own_credentials("token-a")
    client = PeerClient(client.post("credentials", own).json()["data"]["token"])
    operator.seen.clear()
    answer = client.put("credentials", own | {"roles": [*own["roles"], claimed]})
    assert status(answer) == ((200, 2001) if refused else (200, 1000))
    peer.refresh_from_db()
    assert peer.hub is None
    assert (len(peer.roles) == 1 and not operator.seen) is refused, "nothing was asked or kept"
    if refused:
        assert "new token" in answer.json()["status_message"]
        assert status(client.get("tokens"))[0] == 200, "the connection stands as it was"


def test_a_delete_ends_the_connection(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    peer, client = invited
    token = client.post("credentials", operator.own_credentials("token-a")).json()["data"]["token"]
    assert status(PeerClient(token).delete("credentials")) == (200, 1000)
    peer.refresh_from_db()
    assert (peer.state, peer.outgoing_token) == ("UNREGISTERED", "")
    assert status(PeerClient(token).get("credentials"))[0] == 401


@pytest.mark.parametrize("faults", [[(500, None)], [(200, "no json")], [(401, None)]])
def test_when_its_api_can_not_be_used_it_is_3001_and_the_token_stays_good(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], faults: list[Any]
) -> None:
    peer, client = invited
    operator.faults = faults
    body = operator.own_credentials("token-a")
    assert status(client.post("credentials", body)) == (200, 3001)
    peer.refresh_from_db()
    assert (peer.state, peer.endpoints, peer.outgoing_token) == ("INVITED", [], "")
    assert status(client.post("credentials", body)) == (200, 1000)


def test_a_version_that_the_peer_does_not_offer_is_3002(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    operator.version = "2.3.0"
    assert status(invited[1].post("credentials", operator.own_credentials("token-a"))) == (
        200, 3002,
    )  # fmt: skip


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://user:pw@127.0.0.1/versions", "gopher://127.0.0.1",
            "http:///versions", "nonsense", "http://127.0.0.1:99999/", "http://127.0.0.1:9/\x01",
            "http://a..nl/", f"http://{64 * 'a'}.nl/", "http://xn--a/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_a_call(
    invited: tuple[Peer, PeerClient], url: str
) -> None:
    body = {"token": "t", "url": url, "roles": OperatorServer().roles}
    assert status(invited[1].post("credentials", body))[1] == 3001
    assert not Exchange.objects.filter(direction="OUT").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]"])
def test_private_addresses_are_refused_outside_development(
    invited: tuple[Peer, PeerClient], settings: Any, host: str
) -> None:
    settings.OCPI_ALLOW_PRIVATE_HOSTS = False
    assert status(register_at(host, invited[1]))[1] == 3001
    assert "leads into a private network" in Exchange.objects.get(direction="OUT").error


def register_at(host: str, client: PeerClient) -> Any:
    body = {"token": "t", "url": f"https://{host}/versions", "roles": OperatorServer().roles}
    return client.post("credentials", body)


def test_the_answer_does_not_tell_which_names_lead_into_our_network(
    invited: tuple[Peer, PeerClient], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff see it: the call is kept with its reason."""
    settings.OCPI_ALLOW_PRIVATE_HOSTS = False
    known = {"inner.example": "10.0.0.8", "closed.example": "93.184.216.34"}

    def resolve(host: str, port: int, **kwargs: Any) -> list[Any]:
        if host not in known:
            raise OSError("Name or service not known")
        return [(2, 1, 6, "", (known[host], port))]

    def refuse(*args: Any) -> None:
        raise httpcore.ConnectError("Connection refused")

    monkeypatch.setattr("apps.roaming.client.network.socket.getaddrinfo", resolve)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", refuse)
    names = ("inner.example", "no.example", "closed.example")
    answers = [register_at(name, invited[1]) for name in names]
    said = {(status(answer), answer.json()["status_message"]) for answer in answers}
    assert said == {((200, 3001), "Your API can't be used: it can't be reached.")}
    calls = Exchange.objects.filter(direction="OUT").order_by("at")
    inner, unknown, closed = calls.values_list("error", flat=True)
    assert inner == "inner.example leads into a private network."
    assert "no.example is unknown" in unknown
    assert "Connection refused" in closed


def test_a_redirect_is_not_followed(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    operator.faults = [(302, None)]
    operator.retry_after = "1"
    answer = invited[1].post("credentials", operator.own_credentials("token-a"))
    assert status(answer)[1] == 3001
    assert "HTTP 302" in answer.json()["status_message"]
    assert len(operator.seen) == 1


def test_plain_http_is_refused_outside_development(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], settings: Any
) -> None:
    settings.OCPI_ALLOW_PRIVATE_HOSTS = False
    assert status(invited[1].post("credentials", operator.own_credentials("a")))[1] == 3001
    assert operator.seen == []


def test_addresses_that_staff_named_bind_the_peer(operator: OperatorServer) -> None:
    peer = PeerFactory(new=True, allowed_origins=["http://127.0.0.1:9"], versions_url="")
    client = PeerClient(invite_peer(peer=peer, now=timezone.now()))
    assert status(client.post("credentials", operator.own_credentials("token-a")))[1] == 3001
    assert operator.seen == []


def test_endpoints_at_another_address_are_refused(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    details = operator.details()
    details["endpoints"][1]["url"] = "http://127.0.0.1:9/locations"
    monkeypatch.setattr(operator, "details", lambda: details)
    assert status(invited[1].post("credentials", operator.own_credentials("token-a")))[1] == 3001


def test_we_register_at_a_peer_with_its_token(operator: OperatorServer) -> None:
    peer = PeerFactory(new=True)
    connect_peer(
        peer=peer, versions_url=f"{operator.base}/versions", token="token-a", now=timezone.now()
    )
    assert (peer.state, peer.version) == ("REGISTERED", "2.2.1")
    assert decrypt_token(peer.outgoing_token) == "token-c"
    assert operator.credentials["roles"][0]["party_id"] == "EVC"
    given = operator.credentials["token"]
    assert status(PeerClient(given).get("tokens")) == (200, 1000)
    with pytest.raises(PeerIsRegistered):
        connect_peer(peer=peer, versions_url=operator.base, token="x", now=timezone.now())


@pytest.mark.parametrize(
    ("version", "reads", "headers"),
    [
        ("2.1.1", "plain", ["Token dG9rZW4tYQ==", *["Token token-a"] * 3]),
        ("2.2.1", "base64", ["Token dG9rZW4tYQ=="] * 3),
    ],
)
def test_we_register_where_tokens_are_read_as_the_version_says(
    operator: OperatorServer, version: str, reads: str, headers: list[str]
) -> None:
    operator.version, operator.reads = version, reads
    peer = PeerFactory(new=True)
    connect_peer(
        peer=peer, versions_url=f"{operator.base}/versions", token="token-a", now=timezone.now()
    )
    assert (peer.state, peer.version) == ("REGISTERED", version)
    assert [seen.headers["authorization"] for seen in operator.seen] == headers


@pytest.mark.parametrize(("encoding", "asked"), [("BY_VERSION", 2), ("BASE64", 1), ("PLAIN", 1)])
def test_a_token_that_is_refused_either_way_registers_nothing(
    operator: OperatorServer, encoding: str, asked: int
) -> None:
    peer = PeerFactory(new=True, token_encoding=encoding)
    with pytest.raises(InvalidMessage, match="HTTP 401"):
        connect_peer(
            peer=peer, versions_url=f"{operator.base}/versions", token="wrong", now=timezone.now()
        )
    assert len(operator.seen) == asked
    peer.refresh_from_db()
    assert peer.state == "NEW"


def test_a_refused_registration_takes_our_token_back(operator: OperatorServer) -> None:
    peer = PeerFactory(new=True)
    operator.refuses_credentials = True
    with pytest.raises(RegistrationRefused):
        connect_peer(
            peer=peer, versions_url=f"{operator.base}/versions", token="token-a",
            now=timezone.now(),
        )  # fmt: skip
    peer.refresh_from_db()
    assert peer.state == "NEW"
    assert not PeerToken.objects.filter(ended_at=None).exists()


def test_a_peer_without_a_version_of_ours_is_refused(operator: OperatorServer) -> None:
    operator.version = "2.0"
    with pytest.raises(UnsupportedVersion):
        connect_peer(
            peer=PeerFactory(new=True), versions_url=f"{operator.base}/versions", token="token-a",
            now=timezone.now(),
        )  # fmt: skip


def test_we_renew_and_leave(operator: OperatorServer, make_peer: Any) -> None:
    peer = make_peer()
    update_peer(peer=peer, now=timezone.now())
    assert operator.seen[-1].method == "PUT"
    said = leave_peer(peer=peer, reason="contract ended", now=timezone.now())
    assert (operator.seen[-1].method, said) == ("DELETE", "HTTP 200, OCPI 1000")
    peer.refresh_from_db()
    assert peer.state == "UNREGISTERED"


def test_we_register_at_gireve_in_the_version_in_which_it_takes_us(
    operator: OperatorServer,
) -> None:
    operator.version, operator.also_offers = "2.1.1", ("2.2.1",)
    peer = PeerFactory(new=True, profile="GIREVE")
    connect_peer(
        peer=peer, versions_url=f"{operator.base}/versions", token="token-a", now=timezone.now()
    )
    assert (peer.state, peer.version) == ("REGISTERED", "2.1.1")
    update_peer(peer=peer, now=timezone.now())
    asked = [(seen.method, seen.path) for seen in operator.seen if "credentials" in seen.path]
    assert asked == [("POST", "/2.1.1/credentials"), ("PUT", "/2.1.1/credentials")]


def test_gireve_2_2_1_registers_with_us_and_is_not_asked_to_take_us(
    operator: OperatorServer,
) -> None:
    peer = PeerFactory(new=True, profile="GIREVE")
    with pytest.raises(UnsupportedVersion, match="invite it"):
        connect_peer(
            peer=peer, versions_url=f"{operator.base}/versions", token="token-a",
            now=timezone.now(),
        )  # fmt: skip
    assert [seen.path for seen in operator.seen] == ["/versions"]
    assert not PeerToken.objects.exists()


def test_gireve_takes_no_new_credentials(operator: OperatorServer, make_peer: Any) -> None:
    peer = make_peer(profile="GIREVE")
    with pytest.raises(RegistrationRefused, match="register anew"):
        update_peer(peer=peer, now=timezone.now())
    assert operator.seen == []


def test_tokens_are_no_plain_text_in_the_database(invited: tuple[Peer, PeerClient]) -> None:
    assert invited[1].token not in str(PeerToken.objects.values_list())


def test_a_call_to_an_address_that_is_not_the_peers_never_leaves(make_peer: Any) -> None:
    from apps.roaming.client.calls import Request, call_peer

    with pytest.raises(AddressRefused):
        call_peer(make_peer(), Request("GET", "http://127.0.0.1:9/x", "tokens"))
    assert not Exchange.objects.exists()


def test_endpoints_that_we_never_call_may_be_anywhere(
    operator: OperatorServer, invited: tuple[Peer, PeerClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    details = operator.details()
    elsewhere = "https://emsp.example/2.2.1/"
    details["endpoints"] += [
        {"identifier": "nltnm-tokens", "role": "SENDER", "url": elsewhere + "custom"},
        {"identifier": "locations", "role": "RECEIVER", "url": elsewhere + "locations"},
        {"identifier": "locations", "role": "SENDER", "url": f"{operator.base}/doubled"},
        {"identifier": "bookings", "role": "BROKER", "url": "nonsense"},
    ]
    monkeypatch.setattr(operator, "details", lambda: details)
    answer = invited[1].post("credentials", operator.own_credentials("token-a"))
    assert status(answer) == (200, 1000)
    invited[0].refresh_from_db()
    assert invited[0].endpoint("locations", "SENDER") == f"{operator.base}/2.2.1/locations"


def test_an_address_longer_than_can_be_kept_is_2001(
    operator: OperatorServer, invited: tuple[Peer, PeerClient]
) -> None:
    body = operator.own_credentials("token-a")
    body["url"] += "?" + "x" * 500
    assert status(invited[1].post("credentials", body)) == (200, 2001)
    assert operator.seen == []
