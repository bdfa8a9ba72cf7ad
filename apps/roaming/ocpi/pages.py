"""Pages of lists: offset, limit, dates, `Link` (`transport_and_format`, pagination)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.times import read_time, write_time

_NEXT = re.compile(r"<([^<>]*)>\s*((?:;\s*[^;,<]+)*)")
_IS_NEXT = re.compile(r"""\brel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)""", re.IGNORECASE)
MAX_OFFSET = 10**9


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: `date_from` inclusive, `date_to` exclusive."""

    offset: int
    limit: int
    date_from: datetime | None = None
    date_to: datetime | None = None

    @classmethod
    def read(cls, query: Mapping[str, str], *, max_limit: int) -> "Window":
        """From the query; the limit never exceeds ours. Raises InvalidMessage."""
        limit = _number(query, "limit", default=max_limit, smallest=1)
        return cls(
            offset=_number(query, "offset", default=0, smallest=0),
            limit=min(limit, max_limit),
            date_from=_time(query, "date_from"),
            date_to=_time(query, "date_to"),
        )

    def next_link(self, url: str, *, total: int) -> str | None:
        """The `Link` header to the next page, with the filters; None on the last one."""
        following = self.offset + self.limit
        if following >= total:
            return None
        query: dict[str, str | int] = {"offset": following, "limit": self.limit}
        if self.date_from:
            query["date_from"] = write_time(self.date_from)
        if self.date_to:
            query["date_to"] = write_time(self.date_to)
        return f'<{url}?{urlencode(query, safe=":")}>; rel="next"'


def _number(query: Mapping[str, str], name: str, *, default: int, smallest: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidMessage(f"{name} must be a whole number.", field=name)
    number = int(text)
    if not smallest <= number <= MAX_OFFSET:
        raise InvalidMessage(f"{name} must be at least {smallest}.", field=name)
    return number


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    # A "+" of an offset arrives as a space when the peer did not encode it.
    time = read_time(text.replace(" ", "+"))
    if time is None:
        raise InvalidMessage(f"{name} must be a time like 2026-01-31T12:00:00Z.", field=name)
    return time


def next_url(link: str | None) -> str | None:
    """The address of the next page in a `Link` header, or None on the last page."""
    for address, parameters in _NEXT.findall(link or ""):
        if _IS_NEXT.search(parameters):
            return str(address).strip() or None
    return None
