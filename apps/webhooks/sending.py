"""One HTTP request to a partner: pinned address, no redirects, bounded time and answer."""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

from apps.webhooks.addresses import AddressRefused, check_url, resolve

CONNECT_SECONDS = 3.0
SECONDS = 10.0
ANSWER_BYTES = 2048


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
        return _post(url, host, address, body, headers)
    except AddressRefused as error:
        return Outcome(address, error=error.message)
    except (httpx.HTTPError, OSError) as error:
        return Outcome(address, error=f"{type(error).__name__}: {error}"[:500])


def _post(url: str, host: str, address: str, body: bytes, headers: dict[str, str]) -> Outcome:
    parts = urlsplit(url)
    numeric = f"[{address}]" if ":" in address else address
    pinned = urlunsplit(parts._replace(netloc=f"{numeric}:{parts.port}" if parts.port else numeric))
    deadline = time.monotonic() + SECONDS
    limits = httpx.Timeout(CONNECT_SECONDS, read=SECONDS, write=SECONDS)
    with (
        # No proxy of the environment: it would resolve the name again.
        httpx.Client(timeout=limits, trust_env=False, follow_redirects=False) as client,
        client.stream(
            "POST", pinned, content=body, headers={**headers, "Host": parts.netloc},
            # The certificate is checked for the name, not for the address.
            extensions={"sni_hostname": host},
        ) as response,
    ):  # fmt: skip
        answer = _beginning(response, deadline)
        error = "" if response.is_success else f"answered {response.status_code}"
        return Outcome(address, response.status_code, answer, error)


def _beginning(response: httpx.Response, deadline: float) -> str:
    """The first bytes of the answer; the rest is not read."""
    read = b""
    for chunk in response.iter_raw(ANSWER_BYTES):
        read += chunk
        if len(read) >= ANSWER_BYTES or time.monotonic() > deadline:
            break
    return read[:ANSWER_BYTES].decode(errors="replace").replace("\x00", "")
