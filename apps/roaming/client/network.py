"""Connections that never lead into our own network, whatever a name resolves to."""

import ipaddress
import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpcore
import httpx
from django.conf import settings

from apps.roaming.client.origins import PrivateAddress

MOST_CONNECTIONS = 50
_ends: ContextVar[float] = ContextVar("_ends", default=math.inf)
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
        left = _left(timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(address, port, left, local_address, socket_options)
        return _EndingStream(stream)


class _EndingStream(httpcore.NetworkStream):
    """A connection whose every step ends with the exchange that uses it.

    Timeouts of the library are per step: a peer that sends byte by byte would hold us for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        left = _left(timeout, httpcore.ConnectTimeout)
        return _EndingStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextmanager
def ending_at(moment: float) -> Iterator[None]:
    """Whatever the block asks of a peer is over by then (seconds of time.monotonic())."""
    before = _ends.set(moment)
    try:
        yield
    finally:
        _ends.reset(before)


def _left(timeout: float | None, too_late: type[Exception] = httpcore.ReadTimeout) -> float | None:
    """The seconds for one step. Raises `too_late` when none are left."""
    left = _ends.get() - time.monotonic()
    if left <= 0:
        raise too_late("the exchange took too long")
    wanted = left if timeout is None else min(left, timeout)
    return None if wanted == math.inf else wanted


def checked_address(host: str, port: int) -> str:
    """A public address of the host. Raises PrivateAddress, and httpcore.ConnectError if unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"{host} is unknown: {error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.OCPI_ALLOW_PRIVATE_HOSTS:
        for address in addresses:
            if not _is_public(address):
                raise PrivateAddress(f"{host} leads into a private network.")
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
