"""Kills the relay with kill -9 at random while events flow, then counts what arrived.

    DEBUG=1 DATABASE_URL=sqlite:////tmp/relay.sqlite3 python benchmarks/relay_kill.py \\
        --url 'redis://127.0.0.1:6379/0?stream=kill-test' --events 20000 --kills 25
    ... --url 'nats://127.0.0.1:4222?stream=KILLTEST&prefix=killtest.'

The database named by DATABASE_URL is migrated and filled, and the stream must hold nothing else:
use ones of their own. What arrived is read back from the stream, which stays. Exits with 1 when
an event is lost, or comes before one of the same aggregate that was numbered earlier.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import nats
import redis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")


def main() -> int:
    arguments = read_arguments()
    os.environ["EVENTS_URL"] = arguments.url
    import django

    django.setup()
    if arguments.relay:
        return relay_until_done()
    return kill_while_it_flows(arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--aggregates", type=int, default=500)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--relay", action="store_true", help="be the relay (for the script itself)")
    return parser.parse_args()


def relay_until_done() -> int:
    """The relay, with a lease short enough for its successor."""
    from django.utils import timezone

    from apps.events import relay
    from apps.events.models import Event

    relay.LEASE, relay.RUN_SECONDS, relay.BATCH = timedelta(seconds=0.6), 0.3, 200
    while Event.objects.pending().exists():
        relay.relay_pending(now=timezone.now())
        time.sleep(0.01)
    return 0


def kill_while_it_flows(arguments: argparse.Namespace) -> int:
    from django.core.management import call_command

    from apps.audit.context import Actor, acting
    from apps.events.models import Event

    with acting(Actor.job("benchmark")):
        call_command("migrate", verbosity=0)
        write_events(arguments)
    random.seed(arguments.seed)
    began, killed = time.monotonic(), 0
    while Event.objects.pending().exists():
        process = subprocess.Popen([sys.executable, __file__, "--url", arguments.url, "--relay"])
        if killed < arguments.kills:
            wait_for_progress(process)
            time.sleep(random.uniform(0, 0.3))
            killed += process.poll() is None
            process.kill()
        process.wait()
    left = Event.objects.pending().count() + Event.objects.parked().count()
    print(
        f"{arguments.events} events, {killed} kills, {left} left, {time.monotonic() - began:.1f} s"
    )
    return 1 if left or not came_whole(arguments) else 0


def came_whole(arguments: argparse.Namespace) -> bool:
    """Each event is in the stream, in the order of its aggregate; again only under its own id."""
    stream = parse_qs(urlsplit(arguments.url).query)["stream"][0]
    is_redis = arguments.url.startswith("redis")
    came = from_redis(arguments.url, stream) if is_redis else from_nats(arguments.url, stream)
    seen: set[str] = set()
    last: dict[str, int] = {}
    early = 0
    for event in came:
        if event["id"] not in seen:
            seen.add(event["id"])
            early += event["data"]["n"] <= last.get(event["subject"], -1)
            last[event["subject"]] = event["data"]["n"]
    lost, again = arguments.events - len(seen), len(came) - len(seen)
    print(f"{len(seen)} arrived, {lost} lost, {again} again with the same id, {early} out of order")
    return len(seen) == arguments.events and not early


def from_redis(url: str, stream: str) -> list[dict[str, Any]]:
    client = redis.Redis.from_url(url.partition("?")[0])
    rows: Any = client.xrange(stream)
    client.close()
    return [json.loads(fields[b"event"]) for _, fields in rows]


def from_nats(url: str, stream: str) -> list[dict[str, Any]]:
    return asyncio.run(_from_nats(url.partition("?")[0], stream))


async def _from_nats(server: str, stream: str) -> list[dict[str, Any]]:
    came: list[dict[str, Any]] = []
    async with await nats.connect(server) as client:
        jetstream = client.jetstream()
        total = (await jetstream.stream_info(stream)).state.messages
        wanted = await jetstream.pull_subscribe(">", stream=stream)
        while len(came) < total:
            messages = await wanted.fetch(min(1000, total - len(came)), timeout=10)
            came += [json.loads(message.data) for message in messages]
            for message in messages:
                await message.ack()
    return came


def wait_for_progress(process: subprocess.Popen[bytes]) -> None:
    """Until this relay published something, so that the kill hits it at work."""
    from apps.events.models import Event

    before = Event.objects.unpublished().count()
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        if Event.objects.unpublished().count() < before:
            return
        time.sleep(0.02)


def write_events(arguments: argparse.Namespace) -> None:
    from django.db import transaction
    from django.utils import timezone

    from apps.events.models import Event
    from apps.events.services import NewEvent, _event
    from tests.accounts.factories import ProviderFactory

    providers = ProviderFactory.build_batch(arguments.aggregates)
    each = -(-arguments.events // arguments.aggregates)
    rows = [
        _event(NewEvent("x.happened", provider, data={"n": n}), n + 1, timezone.now())
        for n in range(each)
        for provider in providers
    ][: arguments.events]
    with transaction.atomic():
        Event.objects.bulk_create(rows, batch_size=500)


if __name__ == "__main__":
    sys.exit(main())
