"""One HTTP request to a partner: pinned address, no redirects, bounded time and answer."""

import ssl
import time
from dataclasses import dataclass
from functools import cache

import httpcore
import httpx

from apps.core.outbound import BoundBackend, ending_at
from apps.webhooks.addresses import AddressRefused, check_url, resolve

CONNECT_SECONDS = 3.0
# From the first byte sent to the last byte read, whatever happens in between.
SECONDS = 10.0
ANSWER_BYTES = 2048
# All that the library raises for what a server or the network does.
_FAILURES = (
    httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException,
    httpcore.UnsupportedProtocol, httpx.InvalidURL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request went; `status` is None when there was no answer."""

    address: str = ""
    status: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.error


def send(*, url: str, body: bytes, headers: dict[str, str], allow_private: bool) -> Outcome:
    """POST the body. Never raises for what the partner or the network does."""
    address = ""
    try:
        host, port = check_url(url, allow_private=allow_private)
        address = resolve(host, port, allow_private=allow_private)
        return _post(url, address, body, headers)
    except AddressRefused as error:
        return Outcome(address, error=error.message)
    except (*_FAILURES, OSError) as error:
        return Outcome(address, error=f"{type(error).__name__}: {error}"[:500])


def _post(url: str, address: str, body: bytes, headers: dict[str, str]) -> Outcome:
    # No proxy: it would resolve the name again.
    backend = _PinnedBackend(address)
    with (
        ending_at(time.monotonic() + SECONDS),
        httpcore.ConnectionPool(ssl_context=tls(), network_backend=backend) as connection,
        connection.stream(
            "POST", _target(url), content=body, headers=[*headers.items()],
            extensions={"timeout": {"connect": CONNECT_SECONDS}},
        ) as response,
    ):  # fmt: skip
        error = "" if 200 <= response.status < 300 else f"answered {response.status}"
        return Outcome(address, response.status, _beginning(response), error)


class _PinnedBackend(BoundBackend):
    """Connects to the address that was resolved and checked, and is noted at the delivery."""

    def __init__(self, address: str) -> None:
        self._address = address

    def address_of(self, host: str, port: int) -> str:
        return self._address


@cache
def tls() -> ssl.SSLContext:
    """Whom we trust: the public authorities. Reading them takes 20 ms, so that it is kept."""
    return httpx.create_ssl_context(trust_env=False)


def _target(url: str) -> httpcore.URL:
    """The URL in ASCII: names as IDNA, paths percent-encoded."""
    parsed = httpx.URL(url)
    return httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )


def _beginning(response: httpcore.Response) -> str:
    """The first bytes of the answer; the rest is not read.

    A partner that said its status has answered, also when the rest comes too slowly.
    """
    read = b""
    try:
        for chunk in response.iter_stream():
            read += chunk
            if len(read) >= ANSWER_BYTES:
                break
    except _FAILURES:
        pass
    return read[:ANSWER_BYTES].decode(errors="replace").replace("\x00", "")
