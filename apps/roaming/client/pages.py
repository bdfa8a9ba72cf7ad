"""All pages of a list: passing faults are asked again, wrong links are not followed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from apps.core.errors import DomainError
from apps.roaming.client.calls import AnswerLost, PeerAnswer, PeerNotReached, Request, call_peer
from apps.roaming.client.origins import require_allowed
from apps.roaming.models import Peer
from apps.roaming.ocpi.pages import next_url
from apps.roaming.ocpi.times import write_time

ATTEMPTS = 5
LONGEST_WAIT = 30
# 20,000 objects at 20 a page are 1,000 pages; this bounds a peer that links in circles.
MOST_PAGES = 50_000
# Nobody asked for a range: a 206 comes from something in between, and its list is not whole.
_PASSING = {206, 429}
# The peer has no such page; links that hold a cursor end some day.
_GONE = {400, 404, 410, 416}


class ListRefused(DomainError):
    """The peer does not give the list, or gives what is none.

    `page_is_gone` is set when it does not know the page (any more): asking again is pointless.
    """

    code = "PEER_LIST_REFUSED"
    http_status = 502

    def __init__(self, message: str, *, page_is_gone: bool = False) -> None:
        super().__init__(message)
        self.page_is_gone = page_is_gone


@dataclass(frozen=True, slots=True)
class Page:
    """Objects of one page, where the next is ("" on the last), the peer's time, and how many
    objects the list has (None when the peer does not say)."""

    objects: list[Any]
    following: str
    at: datetime | None
    total: int | None = None


def first_url(url: str, *, since: datetime | None, limit: int | None) -> str:
    """The address of the first page."""
    query: dict[str, str | int] = {}
    if since is not None:
        query["date_from"] = write_time(since)
    query["offset"] = 0
    if limit is not None:
        query["limit"] = limit
    return f"{url}?{urlencode(query, safe=':')}"


def pages(
    peer: Peer, request: Request, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Page]:
    """The pages from `request.url` on, which may be in the middle.

    Raises ListRefused, AddressRefused (a link that leads elsewhere), PeerNotReached, AnswerLost.
    """
    seen: set[str] = set()
    while request.url and len(seen) < MOST_PAGES:
        seen.add(request.url)
        page = _page(peer, request, sleep)
        if page.following in seen:
            raise ListRefused(f"{peer} links back to a page that was read: {page.following}")
        if page.following:
            require_allowed(peer=peer, url=page.following)
        yield page
        request = replace(request, url=page.following)


def _page(peer: Peer, request: Request, sleep: Callable[[float], None]) -> Page:
    answer = _patiently(peer, request, sleep)
    if not answer.succeeded or answer.http_status == 206:
        raise ListRefused(
            f"{peer} does not give {request.module}: {answer.describe()}",
            page_is_gone=answer.http_status in _GONE
            or 2000 <= (answer.answer.status_code or 0) < 3000,
        )
    objects = answer.answer.data
    if not isinstance(objects, list):
        raise ListRefused(f"{peer} gave no list of {request.module}.")
    link = next_url(answer.headers.get("link"))
    following = urljoin(request.url, link) if link else ""
    total = answer.headers.get("x-total-count", "")
    is_number = total.isascii() and total.isdigit() and len(total) < 19
    counted = int(total) if is_number else None
    return Page(objects, following, answer.answer.timestamp, counted)


def _patiently(peer: Peer, request: Request, sleep: Callable[[float], None]) -> PeerAnswer:
    """Ask again after faults that pass: no answer, half of one, HTTP 5xx and 429, OCPI 3xxx."""
    for attempt in range(1, ATTEMPTS + 1):
        wait = 0
        try:
            answer = call_peer(peer, request)
            code = answer.answer.status_code or 0
            passes = answer.http_status >= 500 or answer.http_status in _PASSING
            if not passes and not 3000 <= code < 4000:
                return answer
            wait = answer.retry_after
            if attempt == ATTEMPTS:
                return answer
        except (PeerNotReached, AnswerLost):
            if attempt == ATTEMPTS:
                raise
        sleep(min(wait or 0.25 * 2**attempt, LONGEST_WAIT))
    raise AssertionError("the last attempt returns or raises")
