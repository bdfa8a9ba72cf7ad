"""The demo's roaming relation, over HTTP with the operator that `make run` starts."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.demo.roaming import NAME, meet_simulated_operator
from apps.locations.models import Evse
from apps.remote_sessions.simulated.stations import add_simulated_stations
from apps.remote_sessions.simulator.deliveries import Deliveries
from apps.remote_sessions.simulator.door import Server
from apps.remote_sessions.simulator.operator import Config, SimulatedOperator
from apps.roaming.models import Exchange, Peer, SentCommand
from apps.roaming.services.pulling import modules_of, pull_module
from apps.tariffs.models import TariffVersion
from tests.accounts.factories import ProviderFactory
from tests.roaming.conftest import closed_connections, fresh_cache, no_tasks  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(live_server: Any, settings: Any) -> Iterator[Server]:
    deliveries = Deliveries()
    simulated = SimulatedOperator(Config("", "", "demo-token"), deliveries)
    server = Server(("127.0.0.1", 0), simulated)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.SIMULATED_OPERATOR_URL, settings.SIMULATED_OPERATOR_TOKEN = (
        server.own_url, "demo-token",
    )  # fmt: skip
    settings.OCPI_BASE_URL, settings.DEBUG = f"{live_server.url}/ocpi", True
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
    deliveries.stop()


def test_we_register_once_and_pull_what_the_operator_publishes(operator: Server) -> None:
    add_simulated_stations()
    assert meet_simulated_operator(now=timezone.now())
    assert not meet_simulated_operator(now=timezone.now()), "it stands"
    peer = Peer.objects.get(name=NAME)
    assert (peer.state, peer.parties()[0].party_id) == ("REGISTERED", "SIM")
    for module, party in modules_of(peer):
        assert pull_module(peer=peer, module=module, operator=party).unread == 0
    assert Evse.objects.count() == 6, "those that the demo had are these"
    assert TariffVersion.objects.count() == 3


def test_an_operator_that_forgot_us_is_registered_at_anew(operator: Server) -> None:
    meet_simulated_operator(now=timezone.now())
    operator.operator.config.token = "demo-token"
    assert meet_simulated_operator(now=timezone.now())
    assert Peer.objects.get(name=NAME).state == "REGISTERED"


def test_the_command_says_what_it_did_and_why_it_could_not(
    operator: Server, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("meet_simulated_operator", tries=1)
    assert not Peer.objects.exists(), "without the demo nothing is made"
    ProviderFactory(slug="ampere")
    call_command("meet_simulated_operator", tries=1)
    call_command("meet_simulated_operator", tries=1)
    assert capsys.readouterr().out.split("\n")[:2] == ["Registered.", "Already registered."]
    settings.SIMULATED_OPERATOR_URL = "http://127.0.0.1:9"
    peer = Peer.objects.get()
    peer.versions_url = "http://127.0.0.1:9/versions"
    peer.save()
    with pytest.raises(CommandError, match="Not registered"):
        call_command("meet_simulated_operator", tries=1)


def test_its_stations_can_be_unlocked(operator: Server) -> None:
    from apps.roaming.ocpi.commands import Place
    from apps.roaming.services.charging import unlock_connector
    from apps.roaming.services.finding import way_to

    meet_simulated_operator(now=timezone.now())
    way = way_to(Peer.objects.get().parties()[0])
    sent = unlock_connector(
        peer=way.peer, operator=way.operator, place=Place("SIM-HAVEN", "SIM-HAVEN-H1", "1"),
        reason="cable hangs", now=timezone.now(),
    )  # fmt: skip
    assert (sent.state, sent.response) in {("ACCEPTED", "ACCEPTED"), ("RESULTED", "ACCEPTED")}
    assert Exchange.objects.filter(module="commands").exists()
    assert SentCommand.objects.count() == 1
