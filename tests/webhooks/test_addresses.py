"""Webhooks go to public addresses only, and to the one that was looked up."""

import socket

import pytest

from apps.webhooks import addresses
from apps.webhooks.addresses import AddressRefused, check_url, resolve
from apps.webhooks.sending import send


@pytest.mark.parametrize(
    "url",
    ["http://partner.example/x", "ftp://partner.example", "https://", "https://a:b@partner.example",
     "https://partner.example:99999/"],
)  # fmt: skip
def test_odd_urls_are_refused(url):
    with pytest.raises(AddressRefused):
        check_url(url, allow_private=False)


def leads_to(monkeypatch, *found):
    def answer(host, port, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", answer)


def test_one_inside_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    leads_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(AddressRefused):
        resolve("rebind.example", 443, allow_private=False)
    outcome = send(url="https://rebind.example/", body=b"", headers={}, allow_private=False)
    assert "no public address" in outcome.error
    assert not outcome.is_delivered


def test_numeric_and_odd_spellings_of_loopback_are_refused():
    for host in ("127.0.0.1", "0x7f000001", "2130706433", "127.1", "localhost"):
        outcome = send(url=f"https://{host}/", body=b"", headers={}, allow_private=False)
        assert not outcome.is_delivered
        assert outcome.status is None
