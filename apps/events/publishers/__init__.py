"""Where events go, by EVENTS_URL: the log, Redis Streams or NATS JetStream."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from apps.core.errors import DomainError
from apps.events.publishers.log import LogPublisher

CloudEvent = dict[str, Any]


class PublisherUnavailable(DomainError):
    """Nothing can be published now; no event is to blame."""

    code = "PUBLISHER_UNAVAILABLE"
    http_status = 503


class UnknownPublisher(DomainError):
    """EVENTS_URL names no publisher that we have."""

    code = "PUBLISHER_UNKNOWN"
    http_status = 500


class Publisher(Protocol):
    def publish(self, events: Sequence[CloudEvent]) -> dict[str, str]:
        """Send events, at most one of each aggregate; returns the refused ones: id and why.

        Raises PublisherUnavailable; then some may have arrived.
        """

    def close(self) -> None:
        """Give connections back."""


def publisher_for(url: str) -> Publisher:
    """The publisher that the URL names. Raises UnknownPublisher; connects at first use."""
    make = _MAKERS.get(urlsplit(url).scheme)
    if make is None:
        raise UnknownPublisher(f"EVENTS_URL must start with {', '.join(_MAKERS)}; it is {url!r}.")
    return make(url)


def _redis(url: str) -> Publisher:
    from apps.events.publishers.redis_streams import RedisPublisher

    return RedisPublisher(url)


def _nats(url: str) -> Publisher:
    from apps.events.publishers.nats_jetstream import NatsPublisher

    return NatsPublisher(url)


_MAKERS: dict[str, Callable[[str], Publisher]] = {
    "log": lambda url: LogPublisher(),
    "redis": _redis,
    "rediss": _redis,
    "nats": _nats,
    "tls": _nats,
}
