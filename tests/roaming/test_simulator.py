"""The simulated operator, which shares no code with us, registers and publishes over HTTP."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.locations.models import Evse
from apps.remote_sessions.simulator import registration
from apps.remote_sessions.simulator.deliveries import Deliveries
from apps.remote_sessions.simulator.door import Server
from apps.remote_sessions.simulator.operator import Config, SimulatedOperator
from apps.roaming.models import KeptObject, Peer
from apps.roaming.services.connecting import connect_peer
from apps.roaming.services.invitations import invite_peer
from apps.roaming.services.pulling import modules_of, pull_module
from apps.roaming.services.selftest import check_peer
from tests.roaming.factories import PeerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator() -> Iterator[Server]:
    deliveries = Deliveries()
    operator = SimulatedOperator(Config("", "", "simulated-token"), deliveries)
    server = Server(("127.0.0.1", 0), operator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
    deliveries.stop()


def test_it_registers_with_our_token_and_publishes(simulator: Server, live_server: Any) -> None:
    peer = PeerFactory(new=True)
    config = simulator.operator.config
    registration.register(
        config, own=simulator.own_url, versions_url=f"{live_server.url}/ocpi/versions",
        token=invite_peer(peer=peer, now=timezone.now()),
    )  # fmt: skip
    assert registration.publish(config) == 5
    peer.refresh_from_db()
    assert (peer.state, peer.parties()[0].party_id) == (Peer.State.REGISTERED, "SIM")
    assert Evse.objects.filter(status="AVAILABLE").count() == 6
    assert KeptObject.objects.filter(module="tariffs").count() == 3


def test_we_register_at_it_and_pull_its_lists(
    simulator: Server, live_server: Any, settings: Any
) -> None:
    settings.OCPI_BASE_URL = f"{live_server.url}/ocpi"
    peer = PeerFactory(new=True)
    connect_peer(
        peer=peer, versions_url=f"{simulator.own_url}/versions", token="simulated-token",
        now=timezone.now(),
    )  # fmt: skip
    for module, operator in modules_of(peer):
        assert pull_module(peer=peer, module=module, operator=operator).unread == 0
    assert Evse.objects.count() == 6
    assert all(check.passed for check in check_peer(peer=peer))
