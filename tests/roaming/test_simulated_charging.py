"""Profiles and preferences from the staff's form to the simulated station and back, over HTTP."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.remote_sessions.simulator.charge import Stage
from apps.remote_sessions.simulator.deliveries import Deliveries
from apps.remote_sessions.simulator.door import BASE, Server
from apps.remote_sessions.simulator.moods import Manners, Mood, Pace
from apps.remote_sessions.simulator.operator import Config, SimulatedOperator
from apps.roaming.models import KeptObject, SentCommand
from apps.roaming.services.connecting import connect_peer
from tests.roaming.factories import PeerFactory
from tests.roaming.test_station_requests import ask

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = Pace(answer=0, result=0.05, begin=0, update=3600, end=0, cdr=3600, slow=0)


def wait_for(what: Callable[[], Any]) -> Any:
    """What came of it, once it is there."""
    end = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def simulator(live_server: Any, settings: Any) -> Iterator[Server]:
    """A simulated operator that we are registered at."""
    settings.OCPI_BASE_URL = f"{live_server.url}/ocpi"
    deliveries = Deliveries()
    operator = SimulatedOperator(Config("", "", "simulated", pace=QUICK), deliveries)
    server = Server(("127.0.0.1", 0), operator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    peer = PeerFactory(new=True)
    connect_peer(
        peer=peer, versions_url=f"{server.own_url}/versions", token="simulated", now=timezone.now()
    )
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
    deliveries.stop()


def begin_charge(simulator: Server, location: str) -> str:
    """A charge begins at a location; the id of its session, which has come to us."""
    token = {"country_code": "NL", "party_id": "EVC", "uid": "1", "type": "APP_USER",
             "contract_id": "NL-EVC-C1"}  # fmt: skip
    order = {"location_id": location, "token": token, "response_url": "http://127.0.0.1:9/gone"}
    assert simulator.operator.start(order, Manners(loses_result=True)) == "ACCEPTED"
    wait_for(lambda: simulator.operator.status()["messages"]["sent"] == 1)
    return str(KeptObject.objects.get(module="sessions").key)


@pytest.fixture
def session(simulator: Server) -> str:
    return begin_charge(simulator, "SIM-CENTRAAL")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "x" * 16))
    return client


def last_sent() -> SentCommand:
    sent = SentCommand.objects.order_by("sent_at").last()
    assert sent is not None
    return sent


def result() -> SentCommand:
    """The last command, once the station has spoken."""
    wait_for(lambda: last_sent().state == "RESULTED")
    return last_sent()


def active_limit(session: str) -> float | None:
    kept = KeptObject.objects.filter(module="chargingprofiles", key=session).first()
    if kept is None:
        return None
    [period] = json.loads(kept.body)["charging_profile"]["charging_profile_period"]
    return float(period["limit"])


def test_a_limit_is_set_asked_for_and_lifted(
    simulator: Server, session: str, staff: Client
) -> None:
    assert "The operator answered: accepted." in ask(
        staff, "set-profile", session=session, limit="50000", unit="W"
    )
    assert result().result == "ACCEPTED"
    wait_for(lambda: active_limit(session) == 50_000)

    ask(staff, "ask-profile", session=session, minutes="60")
    told = json.loads(result().result_body)["profile"]["charging_profile"]
    assert (told["duration"], told["charging_profile_period"][0]["limit"]) == (3600, 50_000)

    ask(staff, "clear-profile", session=session)
    assert result().result == "ACCEPTED"
    wait_for(lambda: active_limit(session) == 400_000)

    ask(staff, "clear-profile", session=session)
    assert result().result == "UNKNOWN"


def test_a_limit_for_some_minutes_holds_from_now_in_a_charge_that_goes_on(
    simulator: Server, session: str, staff: Client
) -> None:
    charge = simulator.operator.running(session)
    assert charge is not None
    charge.started_at -= timedelta(days=1)
    charge.stages[0] = Stage(charge.started_at)
    ask(staff, "set-profile", session=session, limit="50000", unit="W", minutes="30")
    assert result().result == "ACCEPTED"
    assert charge.stages[-1].limit_at(timezone.now()) == 50_000


def test_a_local_limit_is_told_only_after_a_profile_was_set(
    simulator: Server, session: str, staff: Client
) -> None:
    url = f"{simulator.own_url}/limit"
    assert httpx.post(url, json={"watt": 30_000}).json()["limit_watt"] == 30_000
    ask(staff, "set-profile", session=session, limit="50000", unit="W")
    assert result().result == "ACCEPTED"
    wait_for(lambda: active_limit(session) == 30_000)
    assert httpx.post(url, json={"watt": None}).is_success
    wait_for(lambda: active_limit(session) == 50_000)
    assert httpx.post(url, json={"watt": -1}).status_code == 400


def test_a_station_is_asked_one_thing_at_a_time(
    simulator: Server, session: str, staff: Client
) -> None:
    simulator.operator.config.pace = Pace(answer=0, result=60)
    ask(staff, "set-profile", session=session, limit="50000", unit="W")
    assert "The operator answered: asked too often." in ask(staff, "clear-profile", session=session)


def test_a_station_that_refuses_keeps_its_limit(
    simulator: Server, session: str, staff: Client
) -> None:
    simulator.operator.config.mood = Mood.REFUSE
    answers = set()
    for _ in range(12):
        ask(staff, "set-profile", session=session, limit="50000", unit="W")
        wait_for(lambda: last_sent().state in {"REFUSED", "RESULTED"})
        answers.add((last_sent().response, last_sent().result))
    assert answers <= {("REJECTED", ""), ("ACCEPTED", "REJECTED")}
    assert active_limit(session) is None


def test_of_a_charge_that_ended_nothing_can_be_asked(
    simulator: Server, session: str, staff: Client
) -> None:
    simulator.operator.stop(
        {"session_id": session, "response_url": "http://127.0.0.1:9/gone"},
        Manners(loses_result=True),
    )
    wait_for(lambda: simulator.operator.status()["messages"]["sent"] == 2)
    page = ask(staff, "set-profile", session=session, limit="50000", unit="W")
    assert "The operator answered: session not known." in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"profile_type": "FAST"}, "accepted"),
        ({"profile_type": "GREEN"}, "profile type not supported"),
        ({"profile_type": "CHEAP"}, "departure needed"),
        ({"profile_type": "CHEAP", "departure_time": "2999-01-01T08:00"}, "energy needed"),
        ({"profile_type": "CHEAP", "departure_time": "2999-01-01T08:00", "energy_need": "20"},
         "accepted"),
    ],
)  # fmt: skip
def test_what_the_driver_wants_is_answered(
    simulator: Server, session: str, staff: Client, fields: dict[str, str], said: str
) -> None:
    assert f"The operator answered: {said}." in ask(staff, "preferences", session=session, **fields)


def test_a_station_without_the_capability_takes_no_preferences(
    simulator: Server, staff: Client
) -> None:
    session = begin_charge(simulator, "SIM-HAVEN")
    page = ask(staff, "preferences", session=session, profile_type="FAST")
    assert "CHARGING_PREFERENCES_CAPABLE" in page
    assert last_sent().state == "REFUSED"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "chargingprofiles/S?duration=60", None, (200, 2001)),
        ("GET", "chargingprofiles/S?duration=x&response_url=http://a.b/", None, (200, 2001)),
        ("DELETE", "chargingprofiles/S", None, (200, 2001)),
        ("PUT", "chargingprofiles/S", {"response_url": "http://a.b/"}, (200, 2001)),
        ("PUT", "chargingprofiles/S", [], (200, 2001)),
        ("PUT", "sessions/S/charging_preferences", {"profile_type": "?"}, (200, 2001)),
        ("PUT", "sessions/S/charging_preferences", {"profile_type": "FAST"}, (404, 2003)),
        ("PUT", "sessions/S", {}, (404, 2003)),
        ("DELETE", "tokens/NL/EVC/1", None, (405, 2000)),
    ],
)  # fmt: skip
def test_the_simulator_says_what_is_wrong(
    simulator: Server, method: str, path: str, body: Any, expected: tuple[int, int]
) -> None:
    token = base64.b64encode(simulator.operator.config.token.encode()).decode()
    answer = httpx.request(
        method, f"{simulator.own_url}{BASE}/{path}", headers={"Authorization": f"Token {token}"},
        content=None if body is None else json.dumps(body),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["status_code"]) == expected
