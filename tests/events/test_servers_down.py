"""Redis that goes down and comes back, with a real server of the test's own."""

import json
import socket
import threading
import time

import pytest
import redis
from django.db import connection
from django.test import Client

from apps.events import services
from apps.events.models import Event
from apps.events.relay import Relayed, relay_pending
from evcharge.celery import app
from tests.accounts.factories import UserFactory
from tests.accounts.test_staff_screens import act
from tests.cdrs.factories import CdrFactory
from tests.events.factories import NOW, make_events
from tests.events.redis_server import BINARY, OwnRedis, free_port

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(BINARY is None, reason="there is no redis-server on this machine"),
]


@pytest.fixture
def server(tmp_path):
    made = OwnRedis(tmp_path)
    yield made
    made.stop()


def published(server):
    with redis.Redis(port=server.port) as client:
        rows = client.xrange("evcharge.events")
    return [json.loads(fields[b"event"])["id"] for _, fields in rows]


def test_relay_survives_redis_going_down_and_publishes_what_waited(server, settings):
    settings.EVENTS_URL = server.url
    first = make_events(aggregates=2, each=1)
    assert relay_pending(now=NOW).published == 2
    server.stop()
    waiting = make_events(aggregates=1, each=3)
    assert relay_pending(now=NOW) == Relayed(handled=3)
    assert set(Event.objects.unpublished().values_list("attempts", flat=True)) == {0}
    server.start()
    assert relay_pending(now=NOW) == Relayed(published=3)
    sent = published(server)
    assert set(sent[:2]) == {str(event.pk) for event in first}
    assert sent[2:] == [str(event.pk) for event in waiting]


@pytest.fixture
def broker(monkeypatch, settings):
    """Celery sends its tasks to this Redis."""

    def use(url):
        app.conf.update(
            broker_url=url, broker_write_url=url,
            broker_transport_options=settings.REDIS_BROKER_OPTIONS,
        )  # fmt: skip
        monkeypatch.setattr(app.amqp, "_producer_pool", None)
        monkeypatch.setattr(app, "_pool", None)
        monkeypatch.setattr(services, "_sleeps_until", 0.0)

    names = ("broker_url", "broker_write_url", "broker_transport_options")
    before = {name: app.conf[name] for name in names}
    yield use
    app.conf.update(before)


@pytest.fixture
def accept(django_capture_on_commit_callbacks):
    """Accept a CDR in the admin, as a person does; the seconds that it took."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    def do():
        cdr = CdrFactory()
        # Nothing is ever committed here: what waits for it would be taken for this request's.
        connection.run_on_commit.clear()
        began = time.monotonic()
        with django_capture_on_commit_callbacks(execute=True):
            page = act(client, cdr, "accept", confirmed=1, reason="looks right").content.decode()
        seconds = time.monotonic() - began
        cdr.refresh_from_db()
        assert cdr.status == "ACCEPTED", page
        assert Event.objects.of(cdr).exists()
        return seconds

    return do


def queued(server):
    with redis.Redis(port=server.port) as client:
        return client.llen("celery")


def test_request_wakes_the_relay_through_the_broker(server, broker, accept):
    broker(server.url)
    accept()
    assert queued(server) >= 1


def test_broker_that_is_down_fails_and_delays_no_request(server, broker, accept):
    broker(server.url)
    accept()
    before = queued(server)
    server.stop()
    assert accept() < 5
    assert accept() < 3, "it is left alone for a while"
    server.start()
    for _ in range(2):  # The first one may find out that its old connection is dead.
        services._sleeps_until = 0.0
        accept()
    assert queued(server) > before


def test_broker_that_takes_connections_and_says_nothing_holds_no_request_up(broker, accept):
    port, taken = free_port(), []
    with socket.create_server(("127.0.0.1", port)) as listening:

        def take():
            try:
                while True:
                    taken.append(listening.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        broker(f"redis://127.0.0.1:{port}/0")
        assert accept() < 8
        assert accept() < 3, "it is left alone for a while"
        assert taken
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for each in taken:
        each.close()
