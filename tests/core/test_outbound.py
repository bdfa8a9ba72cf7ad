"""Which addresses are public, and connections that end however slowly the other side is."""

from ipaddress import ip_address
from types import SimpleNamespace

import httpcore
import pytest

from apps.core.outbound import BoundBackend, ending_at, is_public


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(text):
    assert is_public(ip_address(text))


class Backend(BoundBackend):
    def address_of(self, host: str, port: int) -> str:
        return "93.184.216.34"


class Dripping(httpcore.NetworkStream):
    """Somebody who always has one byte more."""

    def __init__(self) -> None:
        self.patience: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.patience.append(timeout)
        return b"H"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.patience.append(timeout)


@pytest.fixture
def dripping(monkeypatch: pytest.MonkeyPatch) -> Dripping:
    """What a backend connects to; each look at the clock is a second later."""
    seconds = iter(range(100))
    clock = SimpleNamespace(monotonic=lambda: next(seconds))
    monkeypatch.setattr("apps.core.outbound.time", clock)
    stream = Dripping()
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *args: stream)
    return stream


def test_who_sends_byte_by_byte_is_left_at_the_deadline(dripping: Dripping) -> None:
    with ending_at(5):
        stream = Backend().connect_tcp("cpo.example", 443, 20)
        with pytest.raises(httpcore.ReadTimeout):
            list(iter(lambda: stream.read(1, 3), b""))
    assert dripping.patience == [3, 3, 2, 1]
    assert stream.read(1) == b"H", "the next exchange has its own time"


def test_who_takes_byte_by_byte_is_left_too(dripping: Dripping) -> None:
    with ending_at(3):
        stream = Backend().connect_tcp("cpo.example", 443)
        stream.write(b"H")
        stream.write(b"H")
        with pytest.raises(httpcore.WriteTimeout):
            stream.write(b"H")
    assert dripping.patience == [2, 1]


def test_nothing_is_begun_when_the_time_is_over(dripping: Dripping) -> None:
    with ending_at(0), pytest.raises(httpcore.ConnectTimeout):
        Backend().connect_tcp("cpo.example", 443)
