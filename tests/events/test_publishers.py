"""The publishers against the real servers, also while the relay is killed."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import nats
import pytest
import redis

from apps.events.publishers import PublisherUnavailable, publisher_for

REDIS = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
NATS = os.environ.get("NATS_URL") or "nats://127.0.0.1:4222"


def cloud_event(subject, sequence, **data):
    return {
        "specversion": "1.0", "id": str(uuid4()), "source": "/t", "type": "x.y.z",
        "subject": subject, "sequence": str(sequence), "data": data,
    }  # fmt: skip


class RedisServer:
    def __init__(self):
        self.stream = f"test.{uuid4().hex}"
        self.url = f"{REDIS.split('?')[0]}?stream={self.stream}"
        self.client = redis.Redis.from_url(REDIS)

    def messages(self):
        return [json.loads(fields[b"event"]) for _, fields in self.client.xrange(self.stream)]

    def remove(self):
        self.client.delete(self.stream)
        self.client.close()


class NatsServer:
    def __init__(self):
        self.stream = f"TEST{uuid4().hex[:10]}"
        self.url = f"{NATS}?stream={self.stream}&prefix={self.stream}."

    def messages(self):
        return asyncio.run(self._messages())

    async def _messages(self):
        async with await nats.connect(NATS) as client:
            js = client.jetstream()
            total = (await js.stream_info(self.stream)).state.messages
            if not total:
                return []
            sub = await js.subscribe(f"{self.stream}.>", stream=self.stream, ordered_consumer=True)
            return [json.loads((await sub.next_msg(timeout=5)).data) for _ in range(total)]

    def remove(self):
        async def delete():
            async with await nats.connect(NATS) as client:
                await client.jetstream().delete_stream(self.stream)

        asyncio.run(delete())


@pytest.fixture(
    params=[
        pytest.param(RedisServer, marks=pytest.mark.redis, id="redis"),
        pytest.param(NatsServer, marks=pytest.mark.nats, id="nats"),
    ]
)
def server(request):
    made = request.param()
    yield made
    made.remove()


def test_events_arrive_in_order(server):
    publisher = publisher_for(server.url)
    waves = [[cloud_event(subject, n) for subject in "ab"] for n in (1, 2, 3)]
    for wave in waves:
        assert publisher.publish(wave) == {}
    publisher.close()
    assert [event["id"] for event in server.messages() if event["subject"] == "a"] == [
        wave[0]["id"] for wave in waves
    ]


@pytest.mark.nats
def test_nats_drops_what_is_sent_again_and_refuses_what_is_too_large():
    server = NatsServer()
    publisher = publisher_for(server.url)
    event = cloud_event("a", 1)
    publisher.publish([event])
    publisher.publish([event])
    large = cloud_event("b", 1, text="x" * 2_000_000)
    assert publisher.publish([large, cloud_event("c", 1)]) == {
        large["id"]: "Larger than the server's max_payload."
    }
    publisher.close()
    assert [event["subject"] for event in server.messages()] == ["a", "c"]
    server.remove()


@pytest.mark.nats
def test_nats_stream_learns_new_kinds_of_events():
    server = NatsServer()
    publisher = publisher_for(server.url)
    publisher.publish([cloud_event("a", 1)])
    publisher.publish([{**cloud_event("a", 2), "type": "invoice.issued"}])
    publisher.close()
    assert [event["type"] for event in server.messages()] == ["x.y.z", "invoice.issued"]
    server.remove()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nats://127.0.0.1:1"])
def test_server_that_is_down_is_said_so_quickly(url):
    publisher = publisher_for(url)
    began = time.monotonic()
    with pytest.raises(PublisherUnavailable):
        publisher.publish([cloud_event("a", 1)])
    assert time.monotonic() - began < 5
    publisher.close()


def test_killed_relay_loses_nothing_and_keeps_the_order(server, tmp_path):
    """The small form of benchmarks/relay_kill.py: kill -9 at random, 300 events."""
    script = Path(__file__).parents[2] / "benchmarks" / "relay_kill.py"
    env = {**os.environ, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/relay.sqlite3"}
    done = subprocess.run(
        [sys.executable, str(script), "--url", server.url, "--events", "300", "--kills", "2",
         "--aggregates", "20"],
        env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seen, sequences = set(), {}
    for event in server.messages():
        if event["id"] not in seen:
            seen.add(event["id"])
            sequences.setdefault(event["subject"], []).append(int(event["sequence"]))
    assert len(seen) == 300
    assert all(order == sorted(order) for order in sequences.values())
