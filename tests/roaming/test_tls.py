"""Peers are spoken to when their certificate is for their name and of an authority we trust.

Real servers on the loopback address; `hub.example` leads there.
"""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509

from apps.roaming.client.calls import PeerNotReached
from apps.roaming.client.network import transport
from apps.roaming.models import Exchange, Peer
from apps.roaming.secrets import encrypt_token
from apps.roaming.services.delivering import deliver_queue
from apps.roaming.services.pulling import pull_module
from apps.roaming.services.queueing import Message, enqueue
from tests.core.tls_servers import Authority, Server
from tests.roaming.factories import PeerFactory

pytestmark = pytest.mark.django_db
NAME = "hub.example"
NOTHING = json.dumps({"status_code": 1000, "timestamp": "2026-05-01T12:00:00Z", "data": []})


@pytest.fixture
def authority(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Named to our processes as an operator of this platform would: by SSL_CERT_FILE."""
    made = Authority()
    (tmp_path / "trusted.pem").write_text(made.pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    transport.cache_clear()
    return made


@pytest.fixture
def hub(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Peer]]:
    """A peer whose server shows a certificate of `signer` for `name`."""
    servers: list[Server] = []
    requests: list[bytes] = []

    def start(signer: Authority, name: str = NAME, **options: Any) -> Peer:
        context = signer.server_context(tmp_path, [x509.DNSName(name)], [], **options)

        def serve(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                requests.append(secured.recv(65536))
                head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(NOTHING)}"
                secured.sendall(f"{head}\r\n\r\n{NOTHING}".encode())

        servers.append(Server(serve))
        base = f"https://{NAME}:{servers[-1].port}"
        peer: Peer = PeerFactory(
            versions_url=f"{base}/versions", outgoing_token=encrypt_token("token-c"),
            endpoints=[
                {"identifier": "locations", "role": "SENDER", "url": f"{base}/locations"},
                {"identifier": "tokens", "role": "RECEIVER", "url": f"{base}/tokens"},
            ],
        )  # fmt: skip
        return peer

    start.requests = requests  # type: ignore[attr-defined]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *rest, **named: real("127.0.0.1" if host == NAME else host, *rest, **named),
    )  # fmt: skip
    yield start
    for each in servers:
        each.stop()


def pull(peer: Peer) -> None:
    pull_module(peer=peer, module="locations", sleep=lambda seconds: None)


def test_a_certificate_for_the_name_of_an_authority_we_trust_is_taken(
    hub: Any, authority: Authority
) -> None:
    pull(hub(authority))
    [request] = hub.requests
    assert request.startswith(b"GET /locations?")
    assert f"Host: {NAME}:".encode() in request


def test_a_certificate_of_another_authority_is_refused(hub: Any, authority: Authority) -> None:
    refused(hub, hub(Authority()), "CERTIFICATE_VERIFY_FAILED")


def test_a_certificate_for_another_name_is_refused(hub: Any, authority: Authority) -> None:
    refused(hub, hub(authority, "other.example"), "Hostname mismatch")


def test_a_certificate_that_has_ended_is_refused(hub: Any, authority: Authority) -> None:
    refused(hub, hub(authority, days=-1), "certificate has expired")


def test_public_authorities_alone_are_trusted_when_none_is_named(
    hub: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    refused(hub, hub(authority), "CERTIFICATE_VERIFY_FAILED")


def refused(hub: Any, peer: Peer, reason: str) -> None:
    """The pull fails with the reason, a push waits with it, and the peer heard no word of ours."""
    with pytest.raises(PeerNotReached, match=reason):
        pull(peer)
    assert reason in peer.cursors.get().last_error
    enqueue(peer=peer, messages=[Message("tokens", "PUT", "/NL/EVC/U1", {"uid": "U1"}, "token")])
    assert deliver_queue(peer=peer) == 0
    peer.queue.refresh_from_db()
    assert reason in peer.queue.last_error
    assert peer.queue.pushes.get().state == "WAITING"
    assert hub.requests == []
    assert reason in Exchange.objects.latest("id").error
