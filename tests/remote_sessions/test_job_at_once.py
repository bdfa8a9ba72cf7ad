"""The minute job beside other processes: rows that they hold, and a second job."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, transaction

from apps.audit.context import Actor, acting
from apps.core.models import JobLease, JobRun
from apps.remote_sessions.job.runner import JOB
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.states import State
from tests.accounts.factories import TokenFactory
from tests.remote_sessions.factories import end_world, fresh, make_world

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


@pytest.fixture
def world():
    world = make_world()
    yield world
    end_world(world)


@contextmanager
def held_by_another_connection(remote_session: RemoteSession) -> Iterator[None]:
    """Its row is locked, in a transaction that has not ended."""
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                RemoteSession.objects.select_for_update().get(pk=remote_session.pk)
                locked.set()
                let_go.wait(PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert locked.wait(PATIENCE)
        yield
    finally:
        let_go.set()
        thread.join(PATIENCE)


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks no rows")
def test_08_a_row_that_another_connection_has_locked_is_skipped_and_not_waited_for(world):
    held = world.start()
    world.token = TokenFactory(account=world.token.account)
    free = world.start()
    world.wait(minutes=10)

    with held_by_another_connection(held):
        counts = world.job()
        assert (fresh(held).state, fresh(free).state) == (State.STARTING, State.CANCELLED)

    assert (counts["BUSY"], counts["CANCELLED"]) == (1, 1)
    assert world.job()["CANCELLED"] == 1
    assert fresh(held).state == State.CANCELLED


@pytest.mark.skipif(connection.vendor != "sqlite", reason="skips locked rows")
def test_08_where_rows_can_not_be_skipped_the_job_waits_and_loses_nothing(world):
    """SQLite has one writer at a time: the job's write waits for the other's end."""
    remote_session = world.start()
    world.wait(minutes=10)
    written, counts = threading.Event(), {}

    def run() -> None:
        try:
            with acting(Actor.job("second connection")):
                counts.update(world.job())
        finally:
            written.set()
            connection.close()

    job = threading.Thread(target=run)
    with transaction.atomic():
        row = RemoteSession.objects.select_for_update().get(pk=remote_session.pk)
        job.start()
        assert not written.wait(1)
        row.transaction_id = "T-1"
        row.save()
    job.join(PATIENCE)

    assert counts["CANCELLED"] == 1
    assert (fresh(remote_session).state, fresh(remote_session).transaction_id) == (
        State.CANCELLED, "T-1",
    )  # fmt: skip


RUN_JOB = """
import sys
import django
from django.conf import settings
from django.db import connection
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
django.setup()
from django.utils import timezone
from apps.audit.context import Actor, acting
from apps.remote_sessions.job import runner
work = runner._run
def run(*args, **kwargs):
    print("inside", flush=True)
    sys.stdin.readline()
    work(*args, **kwargs)
runner._run = run
print("ready", flush=True)
sys.stdin.readline()
with acting(Actor.job("process")):
    print("ran" if runner.run(now=timezone.now()) else "left", flush=True)
"""


@contextmanager
def job_process() -> Iterator[subprocess.Popen]:
    """A process of its own on the tests' database, that begins and goes on when it is told."""
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_JOB, name], cwd=settings.BASE_DIR, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "evcharge.settings", "DEBUG": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen) -> None:
    process.stdin.write("go on\n")
    process.stdin.flush()


def test_of_two_processes_that_start_the_job_at_the_same_moment_the_second_leaves_at_once(world):
    remote_session = world.start()
    with job_process() as one, job_process() as other:
        for process in (one, other):
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            tell(process)
        said = {process: process.stdout.readline() for process in (one, other)}
        # One is at it, and the other left before it has done anything.
        assert sorted(said.values()) == ["inside\n", "left\n"]
        first = next(process for process, line in said.items() if line == "inside\n")
        assert JobLease.objects.filter(job=JOB).count() == 1
        tell(first)
        assert first.stdout.readline() == "ran\n"

    assert JobRun.objects.get(job=JOB).counts["CANCELLED"] == 1
    assert fresh(remote_session).state == State.CANCELLED
    assert not JobLease.objects.exists()
