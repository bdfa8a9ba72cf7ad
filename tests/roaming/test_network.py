"""Connections lead to the address that was checked, and never into our own network."""

from typing import Any

import httpcore
import pytest

from apps.roaming.client.network import GuardedBackend
from apps.roaming.client.origins import AddressRefused

PUBLIC, OTHER = "93.184.216.34", "2606:2800:220:1::1"


@pytest.fixture(autouse=True)
def production(settings: Any) -> None:
    settings.OCPI_ALLOW_PRIVATE_HOSTS = False


class Names:
    """A name server that answers each time with the next of its lists."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int, **kwargs: Any) -> list[Any]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(2, 1, 6, "", (address, port)) for address in found]


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Names:
    names = Names(*answers)
    monkeypatch.setattr("apps.roaming.client.network.socket.getaddrinfo", names)
    return names


def test_a_public_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [PUBLIC, OTHER])
    assert GuardedBackend().address_of("cpo.example", 443) == PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "64:ff9b::7f00:1", "198.18.0.1", "192.0.2.1",
    ],
)  # fmt: skip
def test_an_address_of_our_own_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve(monkeypatch, [address])
    with pytest.raises(AddressRefused, match="private network"):
        GuardedBackend().address_of("cpo.example", 443)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(AddressRefused):
        GuardedBackend().address_of("cpo.example", 443)


def test_a_name_that_changes_its_address_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = resolve(monkeypatch, [PUBLIC], ["127.0.0.1"])
    reached = []

    def connect(self: Any, host: str, port: int, *rest: Any) -> str:
        reached.append((host, port))
        return "stream"

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    GuardedBackend().connect_tcp("cpo.example", 443)
    assert reached == [(PUBLIC, 443)]
    assert names.asked == 1
    with pytest.raises(AddressRefused):
        GuardedBackend().connect_tcp("cpo.example", 443)
    assert len(reached) == 1


def test_an_unknown_name_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> None:
        raise OSError("no such name")

    monkeypatch.setattr("apps.roaming.client.network.socket.getaddrinfo", unknown)
    with pytest.raises(httpcore.ConnectError):
        GuardedBackend().address_of("nowhere.example", 443)
