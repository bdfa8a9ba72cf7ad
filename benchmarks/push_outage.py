"""A peer that is down for an hour while 5,000 messages wait: all arrive once, in order.

    .venv/bin/python -m benchmarks.push_outage          # 5,000 messages, 12 kills

Makes a database of its own on the PostgreSQL server of DATABASE_URL (default: 127.0.0.1), and runs
worker and beat as the Procfile does against a peer of its own, in this process. The peer is down
(its port is closed) while the messages are queued in five lots; the clock of the queue is moved by
an hour in steps, and each step sees the queue try and wait again. Then the peer comes up, answers
every 97th request with 503, and worker and beat are killed with SIGKILL and started anew, by the
true clock, until all is delivered. The peer holds what came, with its order. For the ratio the same
bodies are then PUT one after the other over one connection by this process.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psycopg

from benchmarks.kit.database import own_database
from benchmarks.kit.processes import ROOT, end, procfile, production, running, wait_until

PORT = 8139
LOTS = 5
# Of the last life, for what the kills left.
MOST_SECONDS = 240
# A longer gap between two arrivals is a wait after a 503 (the first is a second).
PAUSE = 0.5
WAITING = "SELECT count(*) FROM roaming_push WHERE state = 'WAITING'"


class Peer(BaseHTTPRequestHandler):
    """Takes tokens; every 97th request is answered with 503 first."""

    protocol_version = "HTTP/1.1"
    arrived: list[int] = []
    times: list[float] = []
    asked = 0
    # A head and a body sent apart would wait 40 ms for each other's acknowledgement.
    wbufsize = -1

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked += 1
        if self.asked % 97 == 0 and self.path.startswith("/tokens"):
            return self._answer(503, {})
        if self.path.startswith("/tokens"):
            self.arrived.append(int(body["uid"]))
            self.times.append(time.monotonic())
        self._answer(200, {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"})

    def _answer(self, code: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """Silent: connections break off when the worker is killed."""


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=5000)
    options.add_argument("--kills", type=int, default=12)
    options.add_argument("--queue", type=int, nargs=2, help="used by the benchmark itself")
    chosen = options.parse_args()
    if chosen.queue:
        return _queue(*chosen.queue)
    with own_database("evcharge_bench_outage") as database, tempfile.TemporaryDirectory() as to:
        environment = production(database, Path(to), OCPI_ALLOW_PRIVATE_HOSTS="1")
        return _run(chosen.messages, chosen.kills, database, environment, Path(to))


def _run(
    messages: int, kills: int, database: str, environment: dict[str, str], folder: Path
) -> int:
    log = Path(os.environ.get("BENCH_LOG", folder / "log"))
    queue = [sys.executable, "-m", "benchmarks.push_outage", "--queue"]
    with psycopg.connect(database, autocommit=True) as connection, ExitStack() as processes:

        def start() -> list[subprocess.Popen[bytes]]:
            return [
                processes.enter_context(running(procfile(name), environment, log))
                for name in ("worker", "beat")
            ]

        lot = messages // LOTS
        quiet = {**environment, "LOG_LEVEL": "ERROR"}
        subprocess.run([*queue, "0", "0"], cwd=ROOT, env=environment, check=True)
        alive = start()
        for number in range(LOTS):
            numbers = [str(number * lot), str((number + 1) * lot)]
            subprocess.run([*queue, *numbers], cwd=ROOT, env=quiet, check=True)
            _pass(connection, timedelta(minutes=60 / LOTS))
        attempts = connection.execute("SELECT attempts FROM roaming_pushqueue").fetchone()[0]
        print(f"an hour down: {attempts} attempts in vain, {_count(connection)} messages wait")
        _kill(alive)
        server = Server(("127.0.0.1", PORT), Peer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _pass(connection, timedelta(minutes=5), wait=False)
        up = time.monotonic()
        for _ in range(kills):
            alive = start()
            _first_arrival(connection)
            # Killed in the middle: a while after the first of this life arrived.
            time.sleep(random.uniform(0, 3))
            _kill(alive)
        alive = start()
        _first_arrival(connection)
        undisturbed, last = len(Peer.times), time.monotonic()
        wait_until(lambda: not _count(connection), MOST_SECONDS, "not all is delivered")
        ended = time.monotonic()
        _end(alive)
        bare = _bare_rate(messages)
        server.shutdown()
    times = Peer.times[undisturbed:]
    gaps = [after - before for before, after in pairwise(times)]
    sending = [gap for gap in gaps if gap < PAUSE]
    rate = len(sending) / sum(sending)
    print(f"the last {len(times)} without a kill: {len(times) / (ended - last):.0f}/s with the "
          f"waits after 503, {rate:.0f}/s between them; bare PUTs: {bare:.0f}/s, "
          f"{bare / rate:.1f} times as many")  # fmt: skip
    return _judge(messages, kills, ended - up)


def _first_arrival(connection: Any) -> None:
    """Of the processes that were just started."""
    before, since = len(Peer.arrived), time.monotonic()
    wait_until(lambda: len(Peer.arrived) > before or not _count(connection), 90, "nothing arrives")
    print(f"on again after {time.monotonic() - since:.1f} s, {_count(connection)} left")


def _bare_rate(messages: int) -> float:
    """PUTs of the same bodies per second, over one connection, with nothing behind them."""
    began = time.monotonic()
    with httpx.Client() as client:
        for number in range(messages):
            client.put(f"http://127.0.0.1:{PORT}/bare/{number}", json={"uid": str(number)})
    return messages / (time.monotonic() - began)


def _judge(messages: int, kills: int, took: float) -> int:
    twice = len(Peer.arrived) - len(set(Peer.arrived))
    # A push whose answer was not noted before the kill comes once more, at its place.
    once = [
        n for n, before in zip(Peer.arrived, [None, *Peer.arrived], strict=False) if n != before
    ]
    in_order = once == list(range(messages))
    print(f"{messages} messages, worker and beat killed {kills + 1} times, "
          f"all there {took:.0f} s after the peer came up: "
          f"{len(set(Peer.arrived))} arrived, {messages - len(set(Peer.arrived))} lost, "
          f"{twice} came once more after a kill, in order: {in_order}")  # fmt: skip
    held = in_order and twice <= kills + 1
    print("verdict: " + ("held" if held else "NOT held"))
    return 0 if held else 1


def _pass(connection: Any, time_of_queue: timedelta, *, wait: bool = True) -> None:
    """The clock moves for the queue's next attempt."""
    before = connection.execute("SELECT sum(attempts) FROM roaming_pushqueue").fetchone()[0]
    connection.execute(
        "UPDATE roaming_pushqueue SET retry_at = retry_at - %s WHERE retry_at IS NOT NULL",
        [time_of_queue],
    )
    if wait:
        wait_until(
            lambda: connection.execute("SELECT sum(attempts) FROM roaming_pushqueue").fetchone()[0]
            != before, 90, "the queue does not try again",
        )  # fmt: skip


def _count(connection: Any) -> int:
    return int(connection.execute(WAITING).fetchone()[0])


def _kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        end(process, signal.SIGKILL)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        end(process)


def _queue(first: int, last: int) -> int:
    """In a process of its own: the peer at first (an empty range), then messages."""
    import django

    django.setup()
    from django.core.management import call_command

    from apps.audit.context import Actor, set_actor
    from apps.roaming.models import Peer as RoamingPeer
    from apps.roaming.services.queueing import Message, enqueue
    from benchmarks.ocpi_world import make_peer

    set_actor(Actor.job("benchmark"))
    if first == last:
        call_command("migrate", verbosity=0)
        make_peer(base=f"http://127.0.0.1:{PORT}")
        return 0
    peer = RoamingPeer.objects.get()
    enqueue(
        peer=peer,
        messages=[
            Message("tokens", "PUT", f"/NL/EVC/{n}", {"uid": str(n)}, f"token {n}")
            for n in range(first, last)
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
