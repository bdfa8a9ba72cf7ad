"""Events in a NATS JetStream stream: nats://host:4222?stream=EVCHARGE&prefix=.

The subject is the event's type (cdr.status.accepted), after the prefix. The stream is made when
missing and learns the first words of new types. `Nats-Msg-Id` is the event's id, so that the
server drops what is sent again within two hours.
"""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import nats
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

STREAM = "EVCHARGE"
CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
DUPLICATE_SECONDS = 7200


class NatsPublisher:
    """A synchronous face of the asynchronous client; one per relay run, in one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        self.server = urlunsplit(parts._replace(query=""))
        self.stream = options.get("stream", [STREAM])[0]
        self.prefix = options.get("prefix", [""])[0]
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._words: set[str] = set()

    def publish(self, events: Sequence[dict[str, Any]]) -> dict[str, str]:
        return self._run(self._publish(events))

    def close(self) -> None:
        if self._client is not None:
            self._run(self._client.close())
        self._loop.close()

    def _run(self, task: Coroutine[Any, Any, Any]) -> Any:
        from apps.events.publishers import PublisherUnavailable

        try:
            return self._loop.run_until_complete(task)
        except (NatsError, OSError, TimeoutError) as error:
            raise PublisherUnavailable(
                f"NATS does not answer: {type(error).__name__} {error}"
            ) from error

    async def _publish(self, events: Sequence[dict[str, Any]]) -> dict[str, str]:
        await self._connect()
        await self._teach_stream({event["type"].split(".", 1)[0] for event in events})
        answers = await asyncio.gather(
            *(self._send(event) for event in events), return_exceptions=True
        )
        refused = {}
        for event, answer in zip(events, answers, strict=True):
            if isinstance(answer, MaxPayloadError):
                refused[event["id"]] = "Larger than the server's max_payload."
            elif isinstance(answer, BaseException):
                raise answer
        return refused

    async def _connect(self) -> None:
        if self._client is None:
            # The client takes 0 attempts for "for ever", and in a loop that refuses at once
            # Python 3.11's wait_for() may lose its cancellation.
            connecting = nats.connect(
                self.server, connect_timeout=CONNECT_SECONDS, allow_reconnect=False,
                max_reconnect_attempts=1, reconnect_time_wait=0.1, error_cb=_quiet,
            )  # fmt: skip
            self._client = await asyncio.wait_for(connecting, CONNECT_SECONDS)

    async def _teach_stream(self, words: set[str]) -> None:
        """The stream takes each subject that begins with one of the words."""
        if words <= self._words:
            return
        stream = self._client.jetstream(timeout=ANSWER_SECONDS)
        subjects = {f"{self.prefix}{word}.>" for word in words}
        try:
            config = (await stream.stream_info(self.stream)).config
        except NotFoundError:
            await stream.add_stream(
                StreamConfig(
                    name=self.stream, subjects=sorted(subjects), duplicate_window=DUPLICATE_SECONDS
                )
            )
        else:
            if missing := subjects - set(config.subjects or []):
                config.subjects = sorted({*(config.subjects or []), *missing})
                await stream.update_stream(config)
        self._words |= words

    async def _send(self, event: dict[str, Any]) -> None:
        await self._client.jetstream(timeout=ANSWER_SECONDS).publish(
            f"{self.prefix}{event['type']}",
            json.dumps(event, default=str).encode(),
            headers={
                "Nats-Msg-Id": event["id"],
                "Content-Type": "application/cloudevents+json",
            },
        )


async def _quiet(error: Exception) -> None:
    """The caller gets the error; the client would print it as well."""
