"""Events in one Redis Stream: redis://host:6379/0?stream=evcharge.events&maxlen=1000000.

Each message has the fields id, type, subject and event (the CloudEvent as JSON). Order is that
of the stream; a message may come twice with the same id.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

STREAM = "evcharge.events"
MAXLEN = 1_000_000
CONNECT_SECONDS = 2
ANSWER_SECONDS = 5


class RedisPublisher:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        self.stream = options.get("stream", [STREAM])[0]
        self.maxlen = int(options.get("maxlen", [MAXLEN])[0])
        self.client = redis.Redis.from_url(
            urlunsplit(parts._replace(query="")),
            socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip

    def publish(self, events: Sequence[dict[str, Any]]) -> dict[str, str]:
        from apps.events.publishers import PublisherUnavailable

        try:
            with self.client.pipeline(transaction=False) as pipe:
                for event in events:
                    pipe.xadd(self.stream, _fields(event), maxlen=self.maxlen, approximate=True)
                answers = pipe.execute(raise_on_error=False)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise PublisherUnavailable(f"Redis does not answer: {error}") from error
        refused = {
            event["id"]: f"{type(answer).__name__}: {answer}"
            for event, answer in zip(events, answers, strict=True)
            if isinstance(answer, Exception)
        }
        if len(refused) == len(events):
            # All of them: the server is out of memory, read-only or still loading.
            raise PublisherUnavailable(f"Redis refuses: {next(iter(refused.values()))}")
        return refused

    def close(self) -> None:
        self.client.close()


def _fields(event: dict[str, Any]) -> dict[Any, Any]:
    text = json.dumps(event, default=str)
    return {"id": event["id"], "type": event["type"], "subject": event["subject"], "event": text}
