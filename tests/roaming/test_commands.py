"""Commands go out once; their results come to an address that belongs to one command."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.ids import new_id
from apps.locations.models import Operator
from apps.remote_sessions import operators
from apps.remote_sessions.operators import StartOrder, StopOrder
from apps.roaming.gateway import OcpiGateway
from apps.roaming.models import Exchange, KeptObject, Peer, SentCommand
from apps.roaming.ocpi.commands import Place
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.services import charging
from apps.roaming.services.commands import CommandNotPossible
from apps.roaming.services.tokens import find_token
from tests.accounts.factories import TokenFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
CPO = PartyRef("NL", "CPO")
PLACE = Place("LOC1", "E1", "1")


@pytest.fixture
def token() -> Any:
    return TokenFactory(uid="0401", contract_id="NL-EVC-C1")


def start_order(**changes: Any) -> StartOrder:
    values = {
        "command_id": new_id(), "callback_secret": "s" * 43, "operator_id": new_id(),
        "operator_party": "NL*CPO", "provider_id": new_id(), "token_uid": "0401",
        "token_kind": "RFID", "contract_id": "NL-EVC-C1", "visual_number": "",
        "location_id": "LOC1", "evse_uid": "E1", "evse_id": "NL*CPO*E1", "connector_id": "1",
        "authorization_reference": "ref-1", "answer_seconds": 2,
    } | changes  # fmt: skip
    return StartOrder(**values)


def test_a_start_goes_to_the_operator_with_token_place_and_reference(
    peer: Peer, operator: OperatorServer, token: Any
) -> None:
    answer = OcpiGateway().send_start(start_order())
    assert (answer.answer, answer.timeout_seconds) == ("ACCEPTED", 30)
    sent = operator.seen[-1]
    assert sent.path == "/2.2.1/commands/START_SESSION"
    assert sent.body["token"]["contract_id"] == "NL-EVC-C1"
    assert sent.body["authorization_reference"] == "ref-1"
    assert (sent.body["location_id"], sent.body["connector_id"]) == ("LOC1", "1")
    assert sent.body["response_url"].startswith(
        "http://testserver/ocpi/2.2.1/commands/START_SESSION/"
    )
    kept = SentCommand.objects.get()
    assert (kept.state, kept.response) == ("ACCEPTED", "ACCEPTED")
    assert kept.deadline - kept.sent_at == timedelta(seconds=30)


def test_2_1_1_can_not_say_connector_and_reference_and_this_is_reported(
    make_peer: Any, operator: OperatorServer, token: Any
) -> None:
    make_peer("2.1.1")
    OcpiGateway().send_start(start_order())
    assert not {"connector_id", "authorization_reference"} & set(operator.seen[-1].body)
    assert SentCommand.objects.get().unsaid == ["connector_id", "authorization_reference"]


def test_gireve_gets_an_authorization_id_in_2_1_1(
    make_peer: Any, operator: OperatorServer, token: Any
) -> None:
    make_peer("2.1.1", profile="GIREVE")
    OcpiGateway().send_start(start_order())
    assert operator.seen[-1].body["authorization_id"] == "ref-1"


def test_gireve_2_2_1_is_addressed_as_the_hub(
    make_peer: Any, operator: OperatorServer, token: Any
) -> None:
    make_peer(profile="GIREVE_TEST")
    OcpiGateway().send_start(start_order())
    headers = operator.seen[-1].headers
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("FR", "107")


def test_a_stop_names_the_operators_session(peer: Peer, operator: OperatorServer) -> None:
    order = StopOrder(new_id(), "x" * 43, new_id(), "NL*CPO", new_id(), "S1", 2)
    assert OcpiGateway().send_stop(order).answer == "ACCEPTED"
    assert operator.seen[-1].body["session_id"] == "S1"


@pytest.mark.parametrize("fault", [(500, None), (200, "no json"), (200, '{"status_code": 3000}')])
def test_a_lost_answer_is_unknown_and_never_sent_again(
    peer: Peer, operator: OperatorServer, token: Any, fault: Any
) -> None:
    operator.faults = [fault]
    with pytest.raises(operators.AnswerLost):
        OcpiGateway().send_start(start_order())
    assert SentCommand.objects.get().state in {"UNKNOWN", "SENT"}
    assert len(operator.seen) == 1


@pytest.mark.parametrize("timeout", ['"30"', "null", "-5", "1e30", "true", "{}"])
def test_an_accepted_start_is_accepted_whatever_its_timeout_says(
    peer: Peer, operator: OperatorServer, token: Any, timeout: str
) -> None:
    said = f'{{"status_code": 1000, "data": {{"result": "ACCEPTED", "timeout": {timeout}}}}}'
    operator.faults = [(200, said)]
    answer = OcpiGateway().send_start(start_order())
    assert (answer.answer, answer.timeout_seconds) == ("ACCEPTED", None)


def test_a_dropped_connection_is_unknown(peer: Peer, operator: OperatorServer, token: Any) -> None:
    operator.drop = True
    with pytest.raises(operators.AnswerLost):
        OcpiGateway().send_start(start_order())


def test_a_refusal_is_an_answer(peer: Peer, operator: OperatorServer, token: Any) -> None:
    operator.faults = [(200, '{"status_code": 2003, "status_message": "unknown location"}')]
    answer = OcpiGateway().send_start(start_order())
    assert answer.answer == "REJECTED"
    assert "unknown location" in answer.message


@pytest.mark.parametrize("fault", [
    (200, '{"status_code": 4003, "status_message": "offline"}'),
    (429, '{"status_code": 3000, "status_message": "too many"}'), (429, "<html>"),
])  # fmt: skip
def test_a_command_that_nobody_looked_at_was_not_delivered(
    peer: Peer, operator: OperatorServer, token: Any, fault: Any
) -> None:
    """A hub can't reach the operator, or takes no more requests: it was no operator's no."""
    operator.faults = [fault]
    with pytest.raises(operators.NotDelivered):
        OcpiGateway().send_start(start_order())


def test_a_peer_that_is_down_did_not_get_it(peer: Peer, token: Any) -> None:
    peer.versions_url = "http://127.0.0.1:9/v"
    peer.endpoints = [{"identifier": "commands", "role": "RECEIVER", "url": "http://127.0.0.1:9/c"}]
    peer.save()
    with pytest.raises(operators.NotDelivered):
        OcpiGateway().send_start(start_order())
    assert SentCommand.objects.get().response == "NOT_DELIVERED"


def test_the_gateway_serves_operators_of_registered_peers(peer: Peer) -> None:
    ours = Operator(country_code="NL", party_id="CPO")
    assert OcpiGateway().serves(ours)
    assert not OcpiGateway().serves(Operator(country_code="NL", party_id="XXX"))
    peer.state = "SUSPENDED"
    peer.save()
    assert not OcpiGateway().serves(ours)


def unlock(peer: Peer) -> None:
    charging.unlock_connector(
        peer=peer, operator=CPO, place=PLACE, reason="cable hangs", now=timezone.now()
    )


def callback_of(operator: OperatorServer) -> str:
    url: str = operator.seen[-1].body["response_url"]
    return url.removeprefix("http://testserver")


@pytest.fixture
def cpo(make_peer: Any) -> PeerClient:
    make_peer(token="secret")
    return PeerClient("secret")


def test_a_result_is_taken_once_and_later_ones_are_kept(
    cpo: PeerClient, operator: OperatorServer
) -> None:
    unlock(Peer.objects.get())
    path = callback_of(operator)
    first = {"result": "ACCEPTED", "message": [{"language": "en", "text": "open"}]}
    assert status(cpo.post(path, first)) == (200, 1000)
    assert status(cpo.post(path, {"result": "FAILED"})) == (200, 1000)
    kept = SentCommand.objects.get()
    assert (kept.state, kept.result, kept.result_message) == ("RESULTED", "ACCEPTED", "open")
    assert [later["result"] for later in kept.later_results] == ["FAILED"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [(("UNLOCK", "START"), 404), (("/UNLOCK_CONNECTOR/", "/UNLOCK_CONNECTOR/x"), 404)],
)
def test_a_result_at_another_address_is_404(
    cpo: PeerClient, operator: OperatorServer, change: tuple[str, str], expected: int
) -> None:
    unlock(Peer.objects.get())
    path = callback_of(operator).replace(*change)
    assert status(cpo.post(path, {"result": "ACCEPTED"}))[0] == expected
    assert SentCommand.objects.get().state == "ACCEPTED"


def test_a_result_from_another_peer_is_404(cpo: PeerClient, operator: OperatorServer) -> None:
    from tests.roaming.factories import PeerFactory, role

    unlock(Peer.objects.get())
    PeerFactory(token="other", roles=[role("NL*OTH")])
    answer = PeerClient("other").post(callback_of(operator), {"result": "ACCEPTED"})
    assert status(answer)[0] == 404


def test_a_result_without_a_result_is_2001(cpo: PeerClient, operator: OperatorServer) -> None:
    unlock(Peer.objects.get())
    assert status(cpo.post(callback_of(operator), {"message": []})) == (200, 2001)


def test_reservations_are_made_and_cancelled(
    peer: Peer, operator: OperatorServer, token: Any
) -> None:
    ours = find_token(peer=peer, uid="0401")
    assert ours is not None
    charging.reserve(
        peer=peer, operator=CPO, token=ours, place=PLACE, reservation_id="7",
        expires_at=timezone.now(), reason="driver asked", now=timezone.now(),
    )  # fmt: skip
    assert operator.seen[-1].body["reservation_id"] == "7"
    charging.cancel_reservation(
        peer=peer, operator=CPO, reservation_id="7", reason="no need", now=timezone.now()
    )
    assert operator.seen[-1].path.endswith("/CANCEL_RESERVATION")


def test_gireve_has_start_and_stop_only(make_peer: Any, operator: OperatorServer) -> None:
    with pytest.raises(CommandNotPossible):
        unlock(make_peer(profile="GIREVE"))
    assert operator.seen == []


def test_charging_profiles_are_set_read_and_cleared(
    cpo: PeerClient, operator: OperatorServer
) -> None:
    peer = Peer.objects.get()
    now = timezone.now()
    profile = {"charging_rate_unit": "A", "charging_profile_period": []}
    charging.set_charging_profile(
        peer=peer, operator=CPO, session_id="S1", profile=profile, reason="grid", now=now
    )
    put = operator.seen[-1]
    assert (put.method, put.path) == ("PUT", "/2.2.1/chargingprofiles/S1")
    charging.ask_charging_profile(
        peer=peer, operator=CPO, session_id="S1", seconds=900, reason="grid", now=now
    )
    asked = operator.seen[-1]
    assert (asked.method, asked.query["duration"]) == ("GET", "900")
    path = asked.query["response_url"].removeprefix("http://testserver")
    assert status(cpo.post(path, {"result": "ACCEPTED", "profile": {}})) == (200, 1000)
    charging.clear_charging_profile(
        peer=peer, operator=CPO, session_id="S1", reason="grid", now=now
    )
    assert operator.seen[-1].method == "DELETE"


def test_the_secret_of_a_callback_address_is_kept_nowhere(
    cpo: PeerClient, operator: OperatorServer, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    peer, now = Peer.objects.get(), timezone.now()
    caplog.set_level("DEBUG")
    about = {"peer": peer, "operator": CPO, "session_id": "S1", "reason": "grid", "now": now}
    charging.set_charging_profile(profile={"charging_rate_unit": "A"}, **about)
    charging.ask_charging_profile(seconds=900, **about)
    charging.clear_charging_profile(**about)
    asked, cleared = operator.seen[-2:]
    secrets = [
        urls.rsplit("/", 1)[1]
        for urls in (
            operator.seen[0].body["response_url"],
            asked.query["response_url"],
            cleared.query["response_url"],
        )
    ]
    peer.allowed_origins = []
    peer.versions_url = "http://127.0.0.1:9/versions"
    peer.save()
    refused = charging.clear_charging_profile(**about)
    assert "is not at an address" in refused.response_message
    assert "?" not in refused.response_message
    kept = [each.url + each.request_body for each in Exchange.objects.order_by("at")]
    assert [each.count("***") for each in kept] == [1, 1, 1]
    told = str(kept) + caplog.text + "".join(capfd.readouterr())
    for secret in secrets:
        assert len(secret) == 43
        assert secret not in told


def test_charging_preferences_reach_the_operator(peer: Peer, operator: OperatorServer) -> None:
    operator.lists["sessions"] = []
    operator.faults = [(200, '{"status_code": 1000, "data": "DEPARTURE_REQUIRED"}')]
    kept = charging.set_charging_preferences(
        peer=peer, operator=CPO, session_id="S1", preferences={"profile_type": "CHEAP"},
        reason="driver asked", now=timezone.now(),
    )  # fmt: skip
    sent = operator.seen[-1]
    assert (sent.method, sent.path) == ("PUT", "/2.2.1/sessions/S1/charging_preferences")
    assert (kept.state, kept.response) == ("REFUSED", "DEPARTURE_REQUIRED")


def active_profile(limit: int = 11000, **changes: Any) -> dict[str, Any]:
    period = {"start_period": 0, "limit": limit}
    profile = {"charging_rate_unit": "W", "charging_profile_period": [period]}
    return {"start_date_time": "2026-04-01T10:00:00Z", "charging_profile": profile, **changes}


def kept_limit(party_id: str = "CPO") -> Any:
    kept = KeptObject.objects.get(module="chargingprofiles", party_id=party_id)
    profile = json.loads(kept.body)["charging_profile"]
    return profile["charging_profile_period"][0]["limit"]


def test_an_active_profile_of_a_known_session_is_kept(cpo: PeerClient) -> None:
    from tests.roaming.messages import session

    assert status(cpo.put("chargingprofiles/S1", active_profile()))[0] == 404
    cpo.put("sessions/NL/CPO/S1", session())
    said = cpo.put("chargingprofiles/s1", active_profile())
    assert status(said) == (200, 1000)
    assert "data" not in said.json()
    later = active_profile(7000, start_date_time="2026-04-01T11:00:00Z")
    assert status(cpo.put("chargingprofiles/S1", later)) == (200, 1000)
    assert status(cpo.put("chargingprofiles/S1", active_profile())) == (200, 1000)
    assert kept_limit() == 7000, "what was calculated before it came later"


@pytest.mark.parametrize(
    "change",
    [
        {"charging_profile": None}, {"charging_profile": {}}, {"start_date_time": None},
        {"charging_profile": {"charging_rate_unit": "W", "charging_profile_period": {}}},
        {"charging_profile": {"charging_rate_unit": "W", "charging_profile_period": [{}]}},
        {"charging_profile": {"charging_rate_unit": "W", "duration": "long"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_active_profile_that_cannot_be_read_is_2001(
    cpo: PeerClient, change: dict[str, Any]
) -> None:
    from tests.roaming.messages import session

    cpo.put("sessions/NL/CPO/S1", session())
    assert status(cpo.put("chargingprofiles/S1", active_profile(**change))) == (200, 2001)
    assert not KeptObject.objects.filter(module="chargingprofiles").exists()


def test_a_hub_says_whose_session_an_active_profile_is_of() -> None:
    from tests.roaming.factories import PeerFactory
    from tests.roaming.messages import session

    PeerFactory(token="hub", hub=True)
    hub = PeerClient("hub")
    for party in ("ONE", "TWO"):
        path = f"sessions/NL/{party}/S1"
        assert status(hub.put(path, session(party_id=party))) == (201, 1000)
    assert status(hub.put("chargingprofiles/S1", active_profile()))[0] == 404
    sender = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "TWO"}
    assert status(hub.put("chargingprofiles/S1", active_profile(), **sender)) == (200, 1000)
    assert kept_limit("TWO") == 11000
