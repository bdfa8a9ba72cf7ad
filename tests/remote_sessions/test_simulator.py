"""The simulated operator as a process of its own, in each of its moods, over real HTTP."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.simulated.stations import add_simulated_stations
from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.moods import Mood
from tests.remote_sessions.factories import World

ROOT = Path(__file__).resolve().parents[2]
FINISHED = {"COMPLETED", "CANCELLED", "ERROR"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(settings, live_server, unused_port):
    """A simulator that works twenty times as fast and reports to the live server."""
    settings.SIMULATED_OPERATOR_URL = f"http://127.0.0.1:{unused_port}"
    settings.SIMULATED_OPERATOR_TOKEN = "s3cret"
    settings.PUBLIC_URL = live_server.url
    settings.COMMAND_ANSWER_SECONDS = 5
    process = subprocess.Popen(
        [
            sys.executable, "manage.py", "simulate_operator", "--bind", f"127.0.0.1:{unused_port}",
            "--peer", live_server.url, "--speed", "20", "--late", "1.5", "--longest", "3",
            "--seed", "7",
        ],
        cwd=ROOT, env=os.environ | {"DEBUG": "1", "SIMULATED_OPERATOR_TOKEN": "s3cret"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    _wait_for(lambda: _is_up(settings.SIMULATED_OPERATOR_URL), seconds=60)
    yield settings.SIMULATED_OPERATOR_URL
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors.decode()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def world(simulator):
    from apps.locations.models import Evse

    add_simulated_stations()
    return World(operator_says=None, evse=Evse.objects.get(evse_id=catalogue.evse_id("C1")))


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/status", timeout=1).is_success
    except httpx.HTTPError:
        return False


def _wait_for(what, *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def charge(world, mood: Mood, simulator: str) -> RemoteSession:
    """One charge in a mood, stopped as soon as it runs, with the job and the workers at work."""
    assert httpx.post(f"{simulator}/mood", json={"mood": mood.value}).is_success
    world.now = timezone.now()
    remote_session = world.start(blocked="50")

    def has_ended() -> bool:
        remote_session.refresh_from_db()
        if remote_session.state == "ACTIVE":
            world.now = timezone.now()
            world.stop(remote_session)
        return remote_session.state in FINISHED

    _wait_for(has_ended)
    world.now = timezone.now()
    world.work()
    return RemoteSession.objects.select_related("payment", "cdr", "session").get()


@pytest.mark.parametrize(
    "mood", [Mood.NORMAL, Mood.SLOW, Mood.SEND_TWICE, Mood.LATE, Mood.OUT_OF_ORDER]
)
def test_a_charge_ends_with_its_cdr_and_a_captured_payment(world, simulator, mood):
    remote_session = charge(world, mood, simulator)

    assert remote_session.state == "COMPLETED"
    assert remote_session.cdr.session_id == remote_session.operator_session_id
    assert remote_session.payment.state in {"CAPTURED", "RELEASED"}
    assert remote_session.payment.captured_amount == remote_session.payment.due_amount


def test_a_start_whose_answer_is_lost_ends_with_its_cdr_all_the_same(world, simulator):
    remote_session = charge(world, Mood.LOSE_ANSWERS, simulator)

    assert remote_session.state == "COMPLETED"
    assert remote_session.commands.get(kind="START").state == Command.State.UNKNOWN


def test_a_refused_start_is_cancelled_and_the_money_is_free(world, simulator):
    remote_session = charge(world, Mood.REFUSE, simulator)

    assert (remote_session.state, remote_session.reason) == ("CANCELLED", "START_REFUSED")
    assert remote_session.payment.state == "RELEASED"


def test_the_simulator_refuses_strangers(simulator):
    start = f"{simulator}/ocpi/cpo/2.2.1/commands/START_SESSION"

    assert httpx.post(start, json={}).status_code == 401
    assert httpx.post(start, content=b"{", headers={"Authorization": "x"}).status_code == 400


def test_nobody_gets_in_through_the_simulators_door_without_its_token(world):
    assert Client().post("/operators/simulated/cdrs", {}).status_code == 401
