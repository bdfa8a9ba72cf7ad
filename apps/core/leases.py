"""One run of a job at a time, also with several beats and workers."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.ids import new_id
from apps.core.models import JobLease, JobRun


@contextmanager
def lease(*, job: str, duration: timedelta, now: datetime | None = None) -> Iterator[bool]:
    """Hold the job's lease while the block runs; yields False when another holds it.

    The lease of a holder that was killed passes on at once when another process of the same
    machine can see that it is no more, else after `duration`: that must be longer than the
    longest run.
    """
    now = now or timezone.now()
    holder = f"{_place()}:{os.getpid()}:{new_id()}"
    held = _take(job=job, holder=holder, now=now, expires_at=now + duration)
    try:
        yield held
    finally:
        if held:
            JobLease.objects.filter(job=job, holder=holder).delete()


class Held:
    """A lease that its holder renews while it works; see `renewable_lease`."""

    def __init__(self, *, job: str, holder: str, duration: timedelta) -> None:
        self._job, self._holder, self._duration = job, holder, duration

    def renew(self, *, now: datetime) -> bool:
        """Hold it for another `duration`; False when another has taken it over: stop working."""
        mine = JobLease.objects.filter(job=self._job, holder=self._holder)
        return bool(mine.update(expires_at=now + self._duration))


@contextmanager
def renewable_lease(
    *, job: str, duration: timedelta, now: datetime | None = None
) -> Iterator[Held | None]:
    """As `lease`, for jobs of unknown length: short, so that a killed holder blocks nobody long.

    Yields None when another holds it.
    """
    now = now or timezone.now()
    holder = f"{_place()}:{os.getpid()}:{new_id()}"
    held = _take(job=job, holder=holder, now=now, expires_at=now + duration)
    try:
        yield Held(job=job, holder=holder, duration=duration) if held else None
    finally:
        if held:
            JobLease.objects.filter(job=job, holder=holder).delete()


def _take(*, job: str, holder: str, now: datetime, expires_at: datetime) -> bool:
    rows = JobLease.objects.filter(job=job)
    taken = {"holder": holder, "expires_at": expires_at}
    if rows.filter(expires_at__lte=now).update(**taken):
        return True
    try:
        with transaction.atomic():
            JobLease.objects.create(job=job, **taken)
    except IntegrityError:
        killed = _killed_holder(job)
        return killed is not None and bool(rows.filter(holder=killed).update(**taken))
    return True


def _killed_holder(job: str) -> str | None:
    """Who holds the lease, if it is a process of this machine that is no more."""
    holder = JobLease.objects.filter(job=job).values_list("holder", flat=True).first() or ""
    place, _, rest = holder.partition(":")
    if not place or place != _place() or _runs(int(rest.split(":")[0])):
        return None
    return holder


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


@cache
def _place() -> str:
    """Where a process id means what it means here: this start of this machine, this container.

    Empty where the system does not tell; then leases of killed holders end by time.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()[:20]}-{boot[:18]}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


@contextmanager
def job_run(*, job: str) -> Iterator[JobRun]:
    """Log the block as a JobRun; the block fills `counts`. An error is kept and raised again."""
    run = JobRun.objects.create(job=job, started_at=timezone.now())
    try:
        yield run
    except Exception as error:
        run.outcome, run.error = JobRun.Outcome.FAILED, f"{type(error).__name__}: {error}"[:2000]
        raise
    else:
        run.outcome = JobRun.Outcome.SUCCEEDED
    finally:
        run.ended_at = timezone.now()
        run.save()
