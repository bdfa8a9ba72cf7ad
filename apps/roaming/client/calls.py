"""One request to a peer and its answer."""

import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any, Final

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.core.outbound import ending_at
from apps.roaming.client.log import keep_call
from apps.roaming.client.network import transport
from apps.roaming.client.origins import AddressRefused, require_allowed
from apps.roaming.models import Peer
from apps.roaming.ocpi import headers as names
from apps.roaming.ocpi import json
from apps.roaming.ocpi.envelope import Answer, read_answer
from apps.roaming.ocpi.errors import BrokenJson, InvalidMessage
from apps.roaming.ocpi.headers import Routing
from apps.roaming.ocpi.versions import Version
from apps.roaming.secrets import decrypt_token
from apps.roaming.services.health import not_reached, reached

LONGEST_RETRY_AFTER: Final = 3600
# For zlib: its largest window, with the header of gzip.
_GZIP: Final = zlib.MAX_WBITS | 16


class PeerNotReached(DomainError):
    """The request certainly did not reach the peer."""

    code = "PEER_NOT_REACHED"
    http_status = 502


class AnswerLost(DomainError):
    """The request may have reached the peer, but no answer came that can be read."""

    code = "PEER_ANSWER_LOST"
    http_status = 504


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `seconds` is the deadline of the whole exchange; `as_base64` says how the token
    is written, None: as the peer's version has it."""

    method: str
    url: str
    module: str
    body: Any = None
    routing: Routing = field(default_factory=Routing)
    correlation_id: str = ""
    seconds: float = 30
    token: str | None = None
    unsaid: tuple[str, ...] = ()
    as_base64: bool | None = None


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What the peer said; `answer` is the OCPI envelope, empty when there was none."""

    http_status: int
    headers: Mapping[str, str]
    answer: Answer

    @property
    def succeeded(self) -> bool:
        return self.http_status < 300 and self.answer.succeeded

    @property
    def retry_after(self) -> int:
        """Seconds to wait, at most an hour, as the peer asks by a number or a date (RFC 9110,
        10.2.3); 0 when it doesn't."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(int(text[:19]), LONGEST_RETRY_AFTER)
        try:
            until = parsedate_to_datetime(text)
            # A date without a zone can't be compared.
            seconds = (until - timezone.now()).total_seconds()
        except (ValueError, TypeError):
            return 0
        return max(0, min(ceil(seconds), LONGEST_RETRY_AFTER))

    def describe(self) -> str:
        """For people: "HTTP 200, OCPI 2001: Missing required field"."""
        code = self.answer.status_code
        said = f"OCPI {code}" if code else "no OCPI answer"
        if self.answer.status_message:
            said += f": {self.answer.status_message}"
        return f"HTTP {self.http_status}, {said}"


# Before these the request has not left us.
_NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol,
)  # fmt: skip


Outcome = PeerAnswer | DomainError


def call_peer(peer: Peer, request: Request) -> PeerAnswer:
    """Ask once. Raises AddressRefused, PeerNotReached, AnswerLost.

    Must not run inside a transaction: it may take `request.seconds`.
    """
    with asked(peer, request) as outcome:
        if isinstance(outcome, PeerAnswer):
            return outcome
    raise outcome


@contextmanager
def asked(peer: Peer, request: Request) -> Iterator[Outcome]:
    """As call_peer, for a block that notes the answer, or the error that call_peer would raise.

    What it writes commits together with the record of the exchange: one commit instead of three.
    Raises AddressRefused for an address that may not be called.
    """
    require_allowed(peer=peer, url=request.url)
    sent = _http_request(peer, request)
    started, at = time.monotonic(), timezone.now()
    response, outcome, error = _ask(peer, sent, request.seconds)
    took = int((time.monotonic() - started) * 1000)
    with transaction.atomic():
        keep_call(peer, request, sent, response, at=at, milliseconds=took, error=error)
        _note_health(peer, response, error)
        yield outcome


def _ask(
    peer: Peer, sent: httpx.Request, seconds: float
) -> tuple[httpx.Response | None, Outcome, str]:
    """What came, what it means, and the error in words."""
    response: httpx.Response | None = None
    try:
        response = _exchange(sent, seconds)
        return response, _read(response), ""
    except AddressRefused as refused:
        return None, refused, refused.message
    except _NOT_SENT as failure:
        error = _words(failure)
        return None, PeerNotReached(f"{peer} can't be reached: {error}"), error
    except (httpx.HTTPError, httpx.StreamError, BrokenJson, InvalidMessage) as failure:
        error = _words(failure)
        lost = AnswerLost(f"{peer} gave no answer that can be read: {error}")
        return response, lost, error


def _note_health(peer: Peer, response: httpx.Response | None, error: str) -> None:
    if response is not None and response.status_code < 500 and not error:
        reached(peer=peer, now=timezone.now())
    else:
        status = f"HTTP {response.status_code}" if response is not None else ""
        not_reached(peer=peer, error=error or status, now=timezone.now())


def _words(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"[:500]


def takes_base64(peer: Peer) -> bool:
    """How the peer wants its token: plain in 2.1.1, later in base64, or as staff said."""
    if peer.token_encoding == Peer.TokenEncoding.BY_VERSION:
        return bool(peer.version != Version.V2_1_1.value)
    return bool(peer.token_encoding == Peer.TokenEncoding.BASE64)


def _http_request(peer: Peer, request: Request) -> httpx.Request:
    as_base64 = takes_base64(peer) if request.as_base64 is None else request.as_base64
    token = request.token or decrypt_token(peer.outgoing_token)
    headers = {
        "Authorization": names.authorization(token, as_base64=as_base64),
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "evcharge",
        names.REQUEST_ID: str(new_id()),
        names.CORRELATION_ID: request.correlation_id or str(new_id()),
        **request.routing.headers(),
    }
    content = None
    if request.body is not None:
        headers["Content-Type"] = "application/json"
        text = request.body if isinstance(request.body, str) else json.write(request.body)
        content = text.encode()
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), request.seconds)
    return httpx.Request(
        request.method, request.url, headers=headers, content=content,
        extensions={"timeout": timeouts},
    )  # fmt: skip


def _exchange(sent: httpx.Request, seconds: float) -> httpx.Response:
    """The answer with its body, which ends by the deadline and at the largest size."""
    with ending_at(time.monotonic() + seconds):
        response = transport().handle_request(sent)
        response.request = sent
        parts, size = [], 0
        try:
            for part in _unpacked(response):
                parts.append(part)
                size += len(part)
                if size > settings.OCPI_MAX_ANSWER_BYTES:
                    raise httpx.ReadError(f"the answer is larger than {size} bytes")
        finally:
            response.close()
    response._content = b"".join(parts)
    return response


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The body as it comes; gzip, for which we did not ask, up to the largest size.

    The library unpacks each part as a whole: of gzip in gzip, or of brotli, a few kilobytes would
    become gigabytes before anybody looks at their size.
    """
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in {"", "identity"}:
        yield from response.iter_raw()
        return
    if packing != "gzip":
        raise httpx.DecodingError(f"the answer is packed with {packing:.40}")
    unpacking = zlib.decompressobj(_GZIP)
    try:
        for part in response.iter_raw():
            yield unpacking.decompress(part, settings.OCPI_MAX_ANSWER_BYTES + 1)
    except zlib.error as error:
        raise httpx.DecodingError(f"the answer is no gzip: {error}") from None


def _read(response: httpx.Response) -> PeerAnswer:
    """The envelope of a success must be readable; an error is one also without."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        answer = read_answer(json.read(json.text(response.content)))
    except (BrokenJson, InvalidMessage):
        if response.status_code < 300:
            raise
        answer = Answer()
    if response.status_code < 300 and answer.status_code is None:
        raise BrokenJson("the answer has no status_code")
    return PeerAnswer(response.status_code, headers, answer)
