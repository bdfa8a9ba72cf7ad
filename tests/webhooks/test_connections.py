"""Partners' servers as they are: slow ones end in time, TLS is for the name at the pinned address.

Real servers on the loopback address; their names are made up.
"""

import socket
import time
from ipaddress import ip_address

import pytest
from cryptography import x509

from apps.webhooks import sending
from apps.webhooks.sending import send
from tests.core.tls_servers import Authority, Server, whole

NAME = "hooks.partner.example"
trusted_by_everybody = sending.tls


@pytest.fixture
def server():
    made = []

    def start(serve):
        made.append(Server(serve))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def dripping(text, *, at_once=b"", every=0.1):
    """A server that sends `at_once` and then a byte each `every` seconds."""

    def serve(connection):
        connection.recv(65536)
        connection.sendall(at_once)
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(every)

    return serve


@pytest.fixture
def short(monkeypatch):
    """The deadline of the whole exchange, in seconds, ten drips long."""
    monkeypatch.setattr(sending, "SECONDS", 1.0)


def timed(url, **kwargs):
    began = time.monotonic()
    outcome = send(url=url, body=b"{}", headers={}, allow_private=True, **kwargs)
    return outcome, time.monotonic() - began


@pytest.mark.usefixtures("short")
def test_server_that_drips_its_headers_is_left_at_the_deadline(server):
    slow = server(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500))
    outcome, seconds = timed(f"http://127.0.0.1:{slow.port}/")
    assert (outcome.is_delivered, outcome.status) == (False, None)
    assert "ReadTimeout" in outcome.error
    assert 0.9 < seconds < 2


@pytest.mark.usefixtures("short")
def test_server_that_drips_its_body_has_answered_and_is_left_at_the_deadline(server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    slow = server(dripping(b"thanks" * 50, at_once=head))
    outcome, seconds = timed(f"http://127.0.0.1:{slow.port}/")
    assert (outcome.is_delivered, outcome.status) == (True, 200)
    assert outcome.answer.startswith("thank")
    assert 0.9 < seconds < 2


@pytest.mark.usefixtures("short")
def test_server_that_says_nothing_in_the_tls_handshake_is_left_at_the_deadline(server):
    silent = server(lambda connection: time.sleep(1.5))
    outcome, seconds = timed(f"https://127.0.0.1:{silent.port}/")
    assert "ConnectTimeout" in outcome.error
    assert seconds < 2


@pytest.mark.usefixtures("short")
def test_server_that_reads_nothing_is_left_at_the_deadline(server):
    deaf = server(lambda connection: time.sleep(1.5))
    began = time.monotonic()
    outcome = send(url=f"http://127.0.0.1:{deaf.port}/", body=b"x" * 20_000_000, headers={},
                   allow_private=True)  # fmt: skip
    assert "WriteTimeout" in outcome.error
    assert time.monotonic() - began < 2


@pytest.fixture
def partner(server, tmp_path, monkeypatch):
    """Starts a TLS server at 127.0.0.1 that NAME leads to; what it saw is in `seen`."""
    authority = Authority()

    def start(*names):
        seen, requests = [], []
        context = authority.server_context(tmp_path, list(names), seen)

        def serve(connection):
            with context.wrap_socket(connection, server_side=True) as secured:
                requests.append(whole(secured))
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        started = server(serve)
        started.seen, started.requests = seen, requests
        return started

    def answer(host, port, **kwargs):
        assert host == NAME, "a name is looked up once, and nothing else is"
        lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    lookups = []
    start.lookups = lookups
    start.authority = authority
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, port, *args, **kwargs: (
            real(host, port, *args, **kwargs) if host == "127.0.0.1" else answer(host, port)
        ),
    )  # fmt: skip
    monkeypatch.setattr(sending, "tls", authority.trusting_context)
    return start


def test_tls_is_for_the_name_while_the_connection_goes_to_the_pinned_address(partner):
    started = partner(x509.DNSName(NAME))
    outcome, _ = timed(f"https://{NAME}:{started.port}/hook?a=b")
    assert (outcome.error, outcome.status, outcome.answer) == ("", 200, "ok")
    assert outcome.address == "127.0.0.1"
    assert started.seen == [NAME]
    [request] = started.requests
    assert request.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert f"Host: {NAME}:{started.port}\r\n".encode() in request
    assert partner.lookups == [NAME]


def test_certificate_for_another_name_is_refused(partner):
    started = partner(x509.DNSName("other.example"))
    outcome, _ = timed(f"https://{NAME}:{started.port}/")
    assert not outcome.is_delivered
    assert "Hostname mismatch" in outcome.error
    assert started.requests == []


def test_certificate_for_the_address_alone_is_refused(partner):
    started = partner(x509.IPAddress(ip_address("127.0.0.1")))
    outcome, _ = timed(f"https://{NAME}:{started.port}/")
    assert "Hostname mismatch" in outcome.error
    assert started.requests == []


def test_certificate_of_an_unknown_authority_is_refused(partner, monkeypatch):
    started = partner(x509.DNSName(NAME))
    monkeypatch.setattr(sending, "tls", trusted_by_everybody)
    outcome, _ = timed(f"https://{NAME}:{started.port}/")
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error
    assert started.requests == []
