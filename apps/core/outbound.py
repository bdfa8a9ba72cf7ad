"""Connections that we open to others: to public addresses, and over by a moment.

Whoever calls out chooses the address in a `BoundBackend` of its own; the time is that of the
exchange (`ending_at`), since one connection may serve several.
"""

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import httpcore

_ends: ContextVar[float] = ContextVar("_ends", default=math.inf)
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """No loopback, link-local, private, shared, reserved or multicast address, also not one
    dressed as IPv6."""
    if isinstance(address, IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that it leads to: mapped, 6to4, Teredo or NAT64 (RFC 3056, 4380, 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


@contextmanager
def ending_at(moment: float) -> Iterator[None]:
    """Whatever the block asks of others is over by then (seconds of time.monotonic())."""
    before = _ends.set(moment)
    try:
        yield
    finally:
        _ends.reset(before)


class BoundBackend(httpcore.SyncBackend):
    """Connects to the address that `address_of` gives, whatever name the URL has.

    The URL keeps the name, so that the Host header, SNI and the check of the certificate are for
    the name. The name is resolved once: between two looks it could change (DNS rebinding).
    """

    def address_of(self, host: str, port: int) -> str:
        """Where to connect. Raises what the caller wants to know, httpcore.ConnectError."""
        raise NotImplementedError

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        address = self.address_of(host, port)
        left = _left(timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(address, port, left, local_address, socket_options)
        return _EndingStream(stream)


class _EndingStream(httpcore.NetworkStream):
    """A connection whose every step ends with the exchange that uses it.

    Timeouts of the library are per step: who sends byte by byte would hold us for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

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


def _left(timeout: float | None, too_late: type[Exception]) -> float | None:
    """The seconds for one step. Raises `too_late` when none are left."""
    left = _ends.get() - time.monotonic()
    if left <= 0:
        raise too_late("the exchange took too long")
    wanted = left if timeout is None else min(left, timeout)
    return None if wanted == math.inf else wanted
