"""HTTP requests at a steady rate over kept connections, made before the clock starts."""

import asyncio
import statistics
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Measured:
    """What came of the requests. Latencies in seconds, from when each was due: waiting for a
    free connection counts."""

    latencies: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    processor_seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, number: int) -> float:
        """In milliseconds."""
        return statistics.quantiles(self.latencies, n=100)[number - 1] * 1000


def request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(requests: Sequence[bytes], *, port: int, rate: float, connections: int) -> Measured:
    """Send them, `rate` per second."""
    measured = Measured()
    before = time.process_time()
    asyncio.run(_send(requests, port, rate, connections, measured))
    measured.processor_seconds = time.process_time() - before
    return measured


async def _send(
    requests: Sequence[bytes], port: int, rate: float, connections: int, measured: Measured
) -> None:
    due: deque[tuple[float, bytes]] = deque()
    arrived = asyncio.Semaphore(0)
    started = time.monotonic()

    async def feed() -> None:
        for number, each in enumerate(requests):
            at = started + number / rate
            if (wait := at - time.monotonic()) > 0.001:
                await asyncio.sleep(wait)
            due.append((at, each))
            arrived.release()
        for _ in range(connections):
            arrived.release()

    workers = [_work(port, due, arrived, measured) for _ in range(connections)]
    await asyncio.gather(feed(), *workers)
    measured.seconds = time.monotonic() - started


async def _work(
    port: int, due: deque[tuple[float, bytes]], arrived: asyncio.Semaphore, measured: Measured
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        await arrived.acquire()
        if not due:
            writer.close()
            return
        at, each = due.popleft()
        writer.write(each)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
        except (OSError, asyncio.IncompleteReadError):
            measured.codes[0] += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        measured.codes[int(head[9:12])] += 1
        measured.latencies.append(time.monotonic() - at)
        if b"connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0
