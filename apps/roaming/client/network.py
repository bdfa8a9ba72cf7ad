"""Connections that never lead into our own network, whatever a name resolves to."""

import ipaddress
import socket
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx
from django.conf import settings

from apps.roaming.client.origins import AddressRefused

MOST_CONNECTIONS = 50
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class GuardedBackend(httpcore.SyncBackend):
    """Resolves a name once, checks the addresses, and connects to one that was checked.

    Checking the name before and letting the library resolve it again would leave a gap in which
    the name can change (DNS rebinding).
    """

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        address = checked_address(host, port)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


def checked_address(host: str, port: int) -> str:
    """A public address of the host. Raises AddressRefused, and httpcore.ConnectError if unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"{host} is unknown: {error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.OCPI_ALLOW_PRIVATE_HOSTS:
        for address in addresses:
            if not _is_public(address):
                raise AddressRefused(f"{host} leads into a private network.")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    return (_carried(ip) or ip).is_global and not ip.is_multicast


def _carried(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, or NAT64 (RFC 6052)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


@cache
def transport() -> httpx.HTTPTransport:
    """The one connection pool of this process: TLS is verified, redirects are not followed."""
    made = httpx.HTTPTransport()
    made._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(),
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=20,
        keepalive_expiry=30,
        network_backend=GuardedBackend(),
    )
    return made
