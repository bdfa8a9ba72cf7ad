"""What the roaming tests share: an operator that runs, and a peer that is it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache

from apps.roaming.client.network import transport
from apps.roaming.models import Peer
from apps.roaming.ocpi.credentials import read_details
from apps.roaming.ocpi.versions import Version
from apps.roaming.secrets import encrypt_token
from apps.roaming.server import receiving
from apps.roaming.services.receiving_cdrs import receive_waiting_cdrs
from apps.roaming.services.taking_cdrs import take_cdr
from tests.roaming.factories import PeerFactory
from tests.roaming.operator_server import OperatorServer, running


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Counters of requests are in the cache."""
    cache.clear()


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """No connection of a test stays open; connections live as long as the process otherwise."""
    yield
    if transport.cache_info().currsize:
        transport().close()
        transport.cache_clear()


@pytest.fixture(autouse=True)
def no_tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tasks are not sent; their names are noted."""
    from apps.roaming import tasks

    sent: list[str] = []
    for name in ("pull_peer", "deliver_peer"):
        task = getattr(tasks, name)
        monkeypatch.setattr(task, "apply_async", lambda *a, name=name, **k: sent.append(name))
    return sent


@pytest.fixture(autouse=True)
def a_worker_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A posted CDR is received before its answer is given; tests of waiting override this."""
    monkeypatch.setattr(receiving, "take_cdr", _taken_and_received)


def _taken_and_received(*, now: datetime, **fields: Any) -> Any:
    taken = take_cdr(now=now, **fields)
    receive_waiting_cdrs(now=now)
    return taken


@pytest.fixture
def operator() -> Iterator[OperatorServer]:
    with running(OperatorServer()) as server:
        yield server


@pytest.fixture
def make_peer(operator: OperatorServer) -> Any:
    """A registered peer whose endpoints are the running operator's."""

    def make(version: str = "2.2.1", **fields: Any) -> Peer:
        operator.version = version
        operator.tokens = {"token-c"}
        endpoints = read_details(operator.details(), Version(version))
        return PeerFactory(
            version=version, versions_url=f"{operator.base}/versions",
            our_url="http://testserver/ocpi", outgoing_token=encrypt_token("token-c"),
            endpoints=[asdict(endpoint) for endpoint in endpoints], **fields,
        )  # fmt: skip

    return make


@pytest.fixture
def peer(make_peer: Any) -> Peer:
    return make_peer()
