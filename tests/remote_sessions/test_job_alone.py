"""One job at a time, and its number of queries."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.models import JobLease, JobRun
from apps.remote_sessions.job import runner
from apps.remote_sessions.models import RemoteSession
from tests.accounts.factories import TokenFactory
from tests.remote_sessions.factories import NOW, end_world, make_world


@pytest.mark.django_db(transaction=True)
def test_of_two_jobs_started_at_the_same_moment_the_second_leaves_at_once(monkeypatch):
    world = make_world()
    world.start()
    world.wait(minutes=10)
    inside, go_on = threading.Event(), threading.Event()
    real = runner._run

    def slow(*args, **kwargs):
        inside.set()
        assert go_on.wait(20)
        real(*args, **kwargs)

    monkeypatch.setattr(runner, "_run", slow)
    runs = []

    def first():
        try:
            from apps.audit.context import Actor, acting

            with acting(Actor.job("first")):
                runs.append(runner.run(now=world.now))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(20)
    second = runner.run(now=world.now)
    go_on.set()
    thread.join(20)
    end_world(world)

    assert second is None
    assert runs[0].counts["CANCELLED"] == 1
    assert JobRun.objects.count() == 1
    assert not JobLease.objects.exists()


@pytest.mark.django_db
def test_a_run_that_was_killed_is_followed_after_its_lease(world):
    from datetime import timedelta

    from django.utils import timezone

    JobLease.objects.create(
        job=runner.JOB, holder="dead", expires_at=timezone.now() + timedelta(seconds=60)
    )
    assert runner.run(now=NOW) is None

    JobLease.objects.update(expires_at=timezone.now())
    assert runner.run(now=NOW) is not None


@pytest.mark.django_db
def test_a_run_that_lost_its_lease_stops(world, monkeypatch):
    for _ in range(3):
        world.token = TokenFactory(account=world.token.account)
        world.start()
    world.wait(minutes=10)
    monkeypatch.setattr("apps.core.leases.Held.renew", lambda self, *, now: False)

    log = runner.run(now=world.now, batch_size=1)

    assert log.counts["LOOKED_AT"] == 1


def queries_of_a_run(world, number: int, *, batch_size: int) -> int:
    for _ in range(number):
        world.token = TokenFactory(account=world.token.account)
        world.start()
    world.wait(minutes=10)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        runner.run(now=world.now, batch_size=batch_size)
    return len(captured)


@pytest.mark.django_db
def test_the_queries_grow_with_the_batches_and_not_with_the_sessions(world):
    few = queries_of_a_run(world, 2, batch_size=100)
    many = queries_of_a_run(world, 20, batch_size=100)
    batches = queries_of_a_run(world, 20, batch_size=5)

    assert many <= few + 2
    assert batches > many
    assert RemoteSession.objects.filter(state="CANCELLED").count() == 42
