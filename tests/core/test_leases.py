"""One run of a job at a time."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from apps.core import leases
from apps.core.leases import job_run, lease
from apps.core.models import JobLease, JobRun

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_second_run_leaves_while_the_first_holds_the_lease():
    with lease(job="billing", duration=MINUTE, now=NOW) as first:
        assert first
        with lease(job="billing", duration=MINUTE, now=NOW) as second:
            assert not second
        assert JobLease.objects.filter(job="billing").exists()


def test_lease_is_given_back_also_after_an_error():
    with pytest.raises(RuntimeError), lease(job="billing", duration=MINUTE, now=NOW):
        raise RuntimeError
    with lease(job="billing", duration=MINUTE, now=NOW) as again:
        assert again


def test_lease_of_a_killed_holder_runs_out():
    JobLease.objects.create(job="billing", holder="gone", expires_at=NOW + MINUTE)
    with lease(job="billing", duration=MINUTE, now=NOW) as early:
        assert not early
    with lease(job="billing", duration=MINUTE, now=NOW + MINUTE) as late:
        assert late


@pytest.mark.skipif(not leases._place(), reason="the system does not tell where a process runs")
def test_lease_of_a_holder_killed_on_this_machine_passes_on_at_once():
    with subprocess.Popen(["sleep", "60"]) as holder:
        name = f"{leases._place()}:{holder.pid}:x"
        JobLease.objects.create(job="billing", holder=name, expires_at=NOW + MINUTE)
        with lease(job="billing", duration=MINUTE, now=NOW) as alive:
            assert not alive
        holder.kill()
    with lease(job="billing", duration=MINUTE, now=NOW) as dead:
        assert dead


def test_process_ids_of_another_machine_say_nothing_here():
    JobLease.objects.create(job="billing", holder="other:999999999:x", expires_at=NOW + MINUTE)
    with lease(job="billing", duration=MINUTE, now=NOW) as taken:
        assert not taken


def test_holder_that_lost_its_lease_does_not_end_that_of_another():
    with lease(job="billing", duration=MINUTE, now=NOW):
        with lease(job="billing", duration=MINUTE, now=NOW + 2 * MINUTE) as taken_over:
            assert taken_over
            first_ended = JobLease.objects.get(job="billing")
        assert first_ended.expires_at == NOW + 3 * MINUTE


def test_jobs_do_not_wait_for_each_other():
    with lease(job="a", duration=MINUTE, now=NOW) as a, lease(job="b", duration=MINUTE) as b:
        assert a
        assert b


def test_job_run_keeps_what_was_done():
    with job_run(job="billing") as run:
        run.counts = {"invoices": 3}
    stored = JobRun.objects.get()
    assert (stored.outcome, stored.counts) == ("SUCCEEDED", {"invoices": 3})
    assert stored.ended_at >= stored.started_at


def test_job_run_keeps_the_error_and_raises_it():
    with pytest.raises(ValueError, match="odd"), job_run(job="billing"):
        raise ValueError("odd")
    stored = JobRun.objects.get()
    assert (stored.outcome, stored.error) == ("FAILED", "ValueError: odd")
