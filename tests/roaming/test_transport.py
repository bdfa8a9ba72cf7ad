"""Headers, routing and the limits of a message (`transport_and_format`), at the door."""

import json
from typing import Any

import pytest
from django.http import HttpRequest
from gunicorn.http.errors import InvalidChunkSize

from apps.roaming.models import HubClient, KeptObject
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory, role
from tests.roaming.messages import cdr, location, session, tariff

pytestmark = pytest.mark.django_db

FROM_HUB = {"OCPI-from-country-code": "FR", "OCPI-from-party-id": "HUB"}
TO_US = {"OCPI-to-country-code": "NL", "OCPI-to-party-id": "EVC"}
CLIENT = {
    "country_code": "DE", "party_id": "ABC", "role": "CPO", "status": "CONNECTED",
    "last_updated": "2026-04-01T10:00:00Z",
}  # fmt: skip


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


@pytest.fixture
def hub() -> PeerClient:
    PeerFactory(token="hub", hub=True, requires_routing_headers=True)
    return PeerClient("hub")


def routed(response: Any) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("OCPI-")}


def test_hub_client_info_is_not_routed(hub: PeerClient) -> None:
    assert status(hub.put("hubclientinfo/DE/ABC", CLIENT)) == (201, 1000)
    answer = hub.get("hubclientinfo/DE/ABC", **FROM_HUB, **TO_US)
    assert answer.json()["data"] == CLIENT
    assert routed(answer) == {}


def test_a_client_in_words_of_a_newer_version_is_kept(hub: PeerClient) -> None:
    newer = CLIENT | {"role": "ROAMING_PLATFORM", "status": "TEMPORARILY_DISCONNECTED"}
    assert status(hub.put("hubclientinfo/DE/ABC", newer)) == (201, 1000)
    assert hub.get("hubclientinfo/DE/ABC").json()["data"] == newer


def test_a_refusal_is_routed_back_too(hub: PeerClient) -> None:
    elsewhere = {"OCPI-to-country-code": "NL", "OCPI-to-party-id": "XXX"}
    answer = hub.get("tokens", **FROM_HUB, **elsewhere)
    assert status(answer) == (200, 4001)
    assert routed(answer) == {
        "OCPI-from-country-code": "NL", "OCPI-from-party-id": "XXX",
        "OCPI-to-country-code": "FR", "OCPI-to-party-id": "HUB",
    }  # fmt: skip
    unsigned = hub.get("tokens", **TO_US)
    assert status(unsigned) == (200, 2001)
    assert unsigned.headers["OCPI-from-party-id"] == "EVC"


def test_an_answer_to_an_open_request_says_who_answers(cpo: PeerClient) -> None:
    answer = cpo.get("tokens", **{"OCPI-from-country-code": "NL", "OCPI-from-party-id": "CPO"})
    assert routed(answer) == {
        "OCPI-from-country-code": "NL", "OCPI-from-party-id": "EVC",
        "OCPI-to-country-code": "NL", "OCPI-to-party-id": "CPO",
    }  # fmt: skip
    assert routed(cpo.get("tokens")) == {}, "two parties alone need none"


def test_long_message_ids_come_back_whole(cpo: PeerClient) -> None:
    ids = {"X-Request-ID": "r" * 300, "X-Correlation-ID": "c" * 300}
    answer = cpo.get("tokens", **ids)
    assert {name: answer.headers[name] for name in ids} == ids


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "tokens", "GET"), ("GET", "cdrs", "POST"), ("PUT", "cdrs/C1", "GET"),
        ("PATCH", "tariffs/NL/CPO/T1", "GET, PUT, DELETE"),
        ("POST", "credentials", "GET, PUT, DELETE"),
    ],
)  # fmt: skip
def test_a_405_names_the_methods_that_there_are(
    cpo: PeerClient, method: str, path: str, allowed: str
) -> None:
    answer = cpo.call(method, path, {})
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("number", ["1e9999999999999999999", "-1e-9999999999999999999"])
@pytest.mark.parametrize("path", ["sessions/NL/CPO/S1", "locations/NL/CPO/LOC1"])
def test_a_number_beyond_all_numbers_is_2001(cpo: PeerClient, path: str, number: str) -> None:
    assert status(cpo.put(path, f'{{"id": "S1", "kwh": {number}}}')) == (200, 2001)


@pytest.mark.parametrize("degrees", ["1e999999999", "-1e999999999", "1e-999999999", "sNaN"])
def test_a_place_that_is_not_on_earth_is_left_out(cpo: PeerClient, degrees: str) -> None:
    sent = location(coordinates={"latitude": degrees, "longitude": "4.482000"})
    assert status(cpo.put("locations/NL/CPO/LOC1", sent)) == (201, 1000)
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"] == sent


@pytest.mark.parametrize("levels", [101, 500, 900, 10_000])
def test_a_body_nested_too_deep_is_400(cpo: PeerClient, levels: int) -> None:
    deep = "[" * levels + "]" * levels
    for path, message in (("locations/NL/CPO/LOC1", location()), ("tariffs/NL/CPO/T1", tariff())):
        nested = json.dumps(message)[:-1] + f', "extra": {deep}}}'
        assert status(cpo.put(path, nested)) == (400, 2001)
    assert not KeptObject.objects.exists()


def test_a_body_nested_as_deep_as_allowed_comes_back(cpo: PeerClient) -> None:
    deep: Any = "end"
    for _ in range(99):
        deep = [deep]
    sent = location(extra=deep)
    assert status(cpo.put("locations/NL/CPO/LOC1", sent)) == (201, 1000)
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"] == sent


@pytest.mark.parametrize("party", ["FRAXX/ABC", "FR/ABCDEF", "%C3%9F%C3%9F/ABC", "FR/%20", "F/AB"])
@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
def test_what_can_be_no_party_has_no_objects_at_a_hub_either(
    hub: PeerClient, party: str, version: str
) -> None:
    hub.version = version
    whole = {"locations": location(), "sessions": session(), "tariffs": tariff()}
    for module, message in whole.items():
        body = {k: v for k, v in message.items() if k not in {"country_code", "party_id"}}
        answer = hub.put(f"{module}/{party}/{message['id']}", body, **FROM_HUB)
        assert status(answer)[0] == 404
    assert not KeptObject.objects.exists()


def test_a_party_of_other_letters_is_2001(hub: PeerClient) -> None:
    assert status(hub.put("hubclientinfo/%C3%9F%C3%9F/ABC", CLIENT | {"country_code": "ßß"})) == (
        200, 2001,
    )  # fmt: skip
    assert status(hub.post("cdrs", cdr(party_id="ŉŉŉ"), **FROM_HUB)) == (200, 2001)
    assert not HubClient.objects.exists()


def test_a_peer_can_not_register_as_a_party_of_other_letters() -> None:
    PeerFactory(token="secret", roles=[role("NL*CPO")])
    body = {"token": "t", "url": "http://127.0.0.1:9/versions", "roles": [role("ßß*CPO")]}
    assert status(PeerClient("secret").put("credentials", body)) == (200, 2001)


def test_a_body_that_breaks_off_is_400(cpo: PeerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the server of production tells it: with an error of its own."""

    def broken(self: Any, size: int) -> bytes:
        raise InvalidChunkSize(b"zz")

    monkeypatch.setattr(HttpRequest, "read", broken)
    assert status(cpo.put("locations/NL/CPO/LOC1", location())) == (400, 2001)
    assert not KeptObject.objects.exists()
