"""What is wrong with a request is answered with the documented code; nothing is half-written."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from apps.cdrs.models import CDR, ChargingSession
from apps.locations.models import Location
from apps.roaming.models import Exchange, KeptObject
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory, role
from tests.roaming.messages import cdr, location, session, tariff

pytestmark = pytest.mark.django_db


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


@pytest.fixture(autouse=True)
def no_outgoing_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("a request left us")

    monkeypatch.setattr("apps.roaming.client.calls._exchange", refuse)


def nothing_is_kept() -> bool:
    models = (KeptObject, CDR, ChargingSession, Location)
    return not any(model.objects.exists() for model in models)


def test_without_a_token_it_is_401() -> None:
    response = Client().get("/ocpi/versions")
    assert status(response) == (401, 2000)
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("header", ["Token", "Token wrong", "Bearer secret", "Token \x00", "🔌"])
def test_a_wrong_token_is_401(cpo: PeerClient, header: str) -> None:
    assert status(cpo.get("tokens", Authorization=header)) == (401, 2000)


def test_a_plain_token_is_as_good_as_a_base64_one(cpo: PeerClient) -> None:
    assert status(cpo.get("tokens", Authorization="Token secret")) == (200, 1000)


def test_a_suspended_peer_is_401(cpo: PeerClient) -> None:
    peer = PeerFactory(token="other", roles=[role("NL*XXX")])
    peer.state = "SUSPENDED"
    peer.save()
    assert status(PeerClient("other").get("tokens")) == (401, 2000)


def test_another_peers_objects_are_404(cpo: PeerClient) -> None:
    cpo.put("tariffs/NL/CPO/T1", tariff())
    PeerFactory(token="other", roles=[role("NL*OTH")])
    stranger = PeerClient("other")
    assert status(stranger.get("tariffs/NL/CPO/T1"))[0] == 404
    assert status(stranger.put("tariffs/NL/CPO/T1", tariff()))[0] == 404
    assert status(stranger.delete("tariffs/NL/CPO/T1"))[0] == 404
    assert status(stranger.post("cdrs", cdr()))[0] == 404
    assert cpo.get("tariffs/NL/CPO/T1").json()["data"] == tariff()


def test_a_hub_does_not_reach_the_objects_of_a_direct_connection(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    PeerFactory(token="hub", hub=True)
    hub = PeerClient("hub")
    assert status(hub.post("cdrs", cdr()))[0] == 404
    path = sent.headers["Location"].removeprefix("http://testserver")
    assert status(hub.get(path))[0] == 404


def test_a_huge_body_is_413_before_it_is_read(cpo: PeerClient) -> None:
    assert status(cpo.post("cdrs", b"x" * (5 * 1024 * 1024))) == (413, 2001)
    assert nothing_is_kept()


def test_a_huge_body_without_a_token_is_401() -> None:
    response = Client().post("/ocpi/2.2.1/cdrs", b"x" * 5_000_000, content_type="application/json")
    assert response.status_code == 401


@pytest.mark.parametrize(
    "body", ["", "{", '{"id": NaN}', "[" * 100_000, b"\xff\xfe", '{"id": 1e}', "nonsense"]
)
def test_broken_json_is_400(cpo: PeerClient, body: str | bytes) -> None:
    assert status(cpo.call("POST", "cdrs", body)) == (400, 2001)
    assert nothing_is_kept()


@pytest.mark.parametrize("body", [[], "text", 5, None, [cdr()]])
def test_a_body_that_is_no_object_is_2001(cpo: PeerClient, body: Any) -> None:
    text = "null" if body is None else body
    sent = cpo.call("POST", "cdrs", text if body is None else __import__("json").dumps(body))
    assert status(sent) == (200, 2001)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5}, {"id": ""}, {"id": None}, {"id": "x" * 40}, {"total_energy": "much"},
        {"total_energy": True}, {"total_energy": 1e300}, {"currency": "EURO"}, {"currency": 1},
        {"total_cost": "four"}, {"total_cost": {}}, {"total_cost": {"excl_vat": "4"}},
        {"start_date_time": "yesterday"}, {"start_date_time": "2026-02-30T00:00:00Z"},
        {"end_date_time": 5}, {"cdr_token": "0401"}, {"cdr_token": {}}, {"cdr_location": []},
        {"charging_periods": {}}, {"charging_periods": [5]}, {"credit": "yes"},
        {"charging_periods": [{"start_date_time": "2026-04-01T10:00:00Z", "dimensions": [{}]}]},
        {"id": "a\x00b"}, {"remark": "\ud800"}, {"country_code": "NLD"}, {"tariffs": "none"},
        {"end_date_time": "2026-04-01T09:00:00Z"},
        {"cdr_token": {"uid": "0401", "contract_id": "NL-EVC-\ud800"}},
        {"cdr_token": {"uid": "\ud800"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_cdr_with_a_wrong_value_is_2001(cpo: PeerClient, change: dict[str, Any]) -> None:
    assert status(cpo.post("cdrs", cdr(**change))) == (200, 2001)
    assert nothing_is_kept()


@pytest.mark.parametrize(
    "change",
    [
        {"kwh": "1"}, {"status": 5}, {"status": None}, {"location_id": 7}, {"last_updated": "now"},
        {"last_updated": None}, {"charging_periods": "x"}, {"kwh": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_session_with_a_wrong_value_is_2001(cpo: PeerClient, change: dict[str, Any]) -> None:
    assert status(cpo.put("sessions/NL/CPO/S1", session(**change))) == (200, 2001)
    assert nothing_is_kept()


@pytest.mark.parametrize(
    "change",
    [
        {"coordinates": None}, {"coordinates": {"latitude": "north", "longitude": "4"}},
        {"evses": {}}, {"evses": [{"uid": 5}]}, {"address": None}, {"country": 5},
        {"last_updated": "2026-13-01T00:00:00Z"},
    ],
    ids=str,
)  # fmt: skip
def test_a_location_with_a_wrong_value_is_2001(cpo: PeerClient, change: dict[str, Any]) -> None:
    assert status(cpo.put("locations/NL/CPO/LOC1", location(**change))) == (200, 2001)
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("locations/NL/CPO/OTHER", location()),
        ("locations/NL/CPO/LOC1", location(party_id="OTH")),
        ("sessions/NL/CPO/OTHER", session()),
        ("sessions/NL/CPO/S1", session(country_code="DE")),
        ("tariffs/NL/CPO/OTHER", tariff()),
        ("tariffs/NL/CPO/T1", tariff(party_id="OTH")),
    ],
)
def test_a_url_that_contradicts_the_body_is_2001(cpo: PeerClient, path: str, body: Any) -> None:
    assert status(cpo.put(path, body)) == (200, 2001)
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("locations/NL/CPO/LOC1", {"name": "New"}),
        ("locations/NL/CPO/LOC1/E1", {"status": "CHARGING"}),
        ("locations/NL/CPO/LOC1/E1/1", {"tariff_ids": ["T1"]}),
        ("sessions/NL/CPO/S1", {"kwh": 2}),
    ],
)
def test_a_patch_without_last_updated_is_2001_and_changes_nothing(
    cpo: PeerClient, path: str, body: Any
) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    cpo.put("sessions/NL/CPO/S1", session())
    before = cpo.get(path).json()["data"]
    assert status(cpo.patch(path, body)) == (200, 2001)
    assert cpo.get(path).json()["data"] == before


@pytest.mark.parametrize(
    "path", ["locations/NL/CPO/LOC1", "sessions/NL/CPO/S1", "tariffs/NL/CPO/T1", "cdrs/C1",
             "locations/NL/CPO/LOC1/E1", "hubclientinfo/NL/ABC", "tokens/NL/CPO/U1"],
)  # fmt: skip
def test_what_is_not_there_is_404(cpo: PeerClient, path: str) -> None:
    assert status(cpo.get(path))[0] == 404


@pytest.mark.parametrize("path", ["/ocpi/", "/ocpi/receiver/cdrs", "nothing/here", "cdrs/a/b"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_of_no_module_is_404_in_the_words_of_ocpi(
    cpo: PeerClient, method: str, path: str
) -> None:
    assert status(cpo.call(method, path)) == (404, 2000)
    assert Client().generic(method, "/ocpi/receiver/cdrs").status_code == 401


@pytest.mark.parametrize("path", ["sessions/NL/CPO/%00", "cdrs/%00", "tokens/%00/authorize"])
def test_an_id_with_the_character_nul_is_404(cpo: PeerClient, path: str) -> None:
    for method in ("GET", "PUT", "POST"):
        assert status(cpo.call(method, path, session())) == (404, 2000)
    assert nothing_is_kept()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_cdrs_have_post_and_get_only(cpo: PeerClient, method: str) -> None:
    assert status(cpo.call(method, "cdrs/C1", cdr()))[0] == 405


def test_a_version_that_we_do_not_speak_is_3002(cpo: PeerClient) -> None:
    assert status(cpo.get("/ocpi/2.0/tokens")) == (200, 3002)


def test_a_date_without_zone_is_utc_and_an_unknown_value_of_an_enum_is_kept(
    cpo: PeerClient,
) -> None:
    body = session(
        start_date_time="2026-04-01T10:00:00", status="CHARGING_OF_THE_FUTURE", new_field={"a": 1}
    )
    assert status(cpo.put("sessions/NL/CPO/S1", body)) == (201, 1000)
    assert cpo.get("sessions/nl/cpo/s1").json()["data"] == body
    stored = ChargingSession.objects.get()
    assert stored.started_at.isoformat() == "2026-04-01T10:00:00+00:00"


def test_too_many_requests_are_429_with_the_time_to_wait() -> None:
    PeerFactory(token="busy", requests_per_minute=2)
    peer = PeerClient("busy")
    # All three within one minute of the clock.
    with time_machine.travel("2026-04-01T10:00:30Z", tick=False):
        assert [peer.get("tokens").status_code for _ in range(2)] == [200, 200]
        response = peer.get("tokens")
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_every_exchange_is_kept_without_its_secrets(cpo: PeerClient) -> None:
    cpo.post("cdrs", cdr())
    kept = Exchange.objects.get()
    assert (kept.method, kept.http_status, kept.ocpi_status, kept.module) == (
        "POST", 201, 1000, "cdrs",
    )  # fmt: skip
    assert kept.request_id == "r1"
    assert kept.request_headers["Authorization"] == "***"
    assert "secret" not in str(kept.__dict__)


def test_a_message_that_cannot_be_written_down_is_answered_all_the_same(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**parts: Any) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("apps.roaming.server.log.kept_parts", broken)
    assert status(cpo.post("cdrs", cdr())) == (201, 1000)
    assert not Exchange.objects.exists()
