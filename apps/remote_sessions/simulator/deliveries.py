"""Messages on their way to us: each sent when it is due, again until it is taken."""

import heapq
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request; `tries` is how often it is sent before it counts as lost."""

    method: str
    url: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    tries: int = 40


class Deliveries:
    """A clock that hands due messages to a few threads."""

    def __init__(self, *, threads: int = 8) -> None:
        self._due: list[tuple[float, int, Message, int]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="deliver")
        self._client = httpx.Client(timeout=15)
        self._stopped = False
        self.sent = 0
        self.lost = 0
        self._clock = threading.Thread(target=self._run, daemon=True, name="deliveries")
        self._clock.start()

    def send(self, message: Message, *, after: float = 0.0, tried: int = 0) -> None:
        """Have it sent in `after` seconds."""
        with self._wake:
            entry = (time.monotonic() + after, next(self._order), message, tried)
            heapq.heappush(self._due, entry)
            self._wake.notify()

    @property
    def waiting(self) -> int:
        return len(self._due)

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._clock.join(timeout=5)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            self._pool.submit(self._deliver, *entry)

    def _next(self) -> tuple[Message, int] | None:
        with self._wake:
            while not self._stopped:
                if not self._due:
                    self._wake.wait()
                    continue
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    _, _, message, tried = heapq.heappop(self._due)
                    return message, tried
                self._wake.wait(wait)
        return None

    def _deliver(self, message: Message, tried: int) -> None:
        try:
            answer = self._client.request(
                message.method, message.url, json=message.body, headers=message.headers
            )
            taken = answer.is_success
        except httpx.HTTPError:
            taken = False
        if taken:
            self.sent += 1
        elif tried + 1 < message.tries and not self._stopped:
            self.send(message, after=min(0.5 * 2**tried, 15.0), tried=tried + 1)
        else:
            self.lost += 1
