"""Connections to one address, that end by a deadline however slowly the other side is.

The library's timeouts begin anew with each byte that comes; here all steps share one deadline.
"""

import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx


class Deadline:
    """A moment after which nothing is waited for; on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        return time.monotonic() >= self._ends

    def shorten(self, timeout: float | None) -> float:
        """The seconds that a step may take; at least a moment, since 0 means not to wait at all."""
        left = max(self._ends - time.monotonic(), 0.001)
        return left if timeout is None else min(timeout, left)


class PinnedBackend(httpcore.SyncBackend):
    """Connects to `address`, whatever host the URL names.

    The URL keeps the name, so that the Host header, SNI and the check of the certificate are for
    the name while the connection goes to the address.
    """

    def __init__(self, address: str, deadline: Deadline) -> None:
        self.address = address
        self.deadline = deadline

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        stream = super().connect_tcp(
            self.address, port, self.deadline.shorten(timeout), local_address, socket_options
        )
        return _DeadlinedStream(stream, self.deadline)


class _DeadlinedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._require_time(httpcore.ReadTimeout)
        return self._stream.read(max_bytes, self._deadline.shorten(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._require_time(httpcore.WriteTimeout)
        self._stream.write(buffer, self._deadline.shorten(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        secured = self._stream.start_tls(
            ssl_context, server_hostname, self._deadline.shorten(timeout)
        )
        return _DeadlinedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _require_time(self, error: type[Exception]) -> None:
        if self._deadline.has_passed:
            raise error("the deadline has passed")


@cache
def tls() -> ssl.SSLContext:
    """Whom we trust: the public authorities. Reading them takes 20 ms, so that it is kept."""
    return httpx.create_ssl_context(trust_env=False)
