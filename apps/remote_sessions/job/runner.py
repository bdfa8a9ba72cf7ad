"""One run of the minute job, one at a time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.utils import timezone

from apps.core.leases import Held, job_run, renewable_lease
from apps.core.models import JobRun
from apps.remote_sessions.decision import NOTHING, decide
from apps.remote_sessions.job.aftercare import (
    leave_to_staff,
    note_overdue,
    release_unused,
    settle_waiting,
)
from apps.remote_sessions.job.finding import find_cdrs, find_sessions
from apps.remote_sessions.job.picking import pick
from apps.remote_sessions.job.reading import BATCH, as_rows, read_pages
from apps.remote_sessions.job.rules import current_rules, release_times, settling_patience
from apps.remote_sessions.job.writing import WRITTEN_TOGETHER, Work, write
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.running_charges import RunningCharges

logger = structlog.get_logger(__name__)

JOB: Final = "remote_sessions.update_statuses"
# Renewed with each batch; a killed run is followed by another after this.
LEASE: Final = timedelta(seconds=90)


def run(*, now: datetime, batch_size: int = BATCH) -> JobRun | None:
    """Bring all open remote sessions on; None when another run is at it."""
    with renewable_lease(job=JOB, duration=LEASE) as held:
        if held is None:
            logger.info("remote_session_job_runs_already")
            return None
        with job_run(job=JOB) as log:
            _run(log, held, now=now, batch_size=batch_size)
            return log


def _run(log: JobRun, held: Held, *, now: datetime, batch_size: int) -> None:
    counts: Counter[str] = Counter({"OPEN": RemoteSession.objects.watched().count()})
    work = Work(rules=current_rules(), running=RunningCharges(now=now), now=now)
    picked = pick(work.rules, work.running, now=now)
    for page in read_pages(picked, size=batch_size):
        counts["LOOKED_AT"] += len(page)
        counts["SET_ASIDE"] += _look_at_each(page, work)
        if len(work.ids) >= min(batch_size, WRITTEN_TOGETHER):
            counts += write(work)
        log.counts = dict(counts)
        if not held.renew(now=timezone.now()):
            logger.warning("remote_session_job_lost_its_lease")
            return
    counts += write(work)
    counts["UNPRICED"] = len(work.running.unpriced)
    for name, step in _aftercare(now).items():
        counts += _try(name, step)
    log.counts = dict(+counts)


def _aftercare(now: datetime) -> dict[str, Callable[[], Counter[str]]]:
    times = release_times()
    return {
        "SETTLED": lambda: settle_waiting(now=now),
        "LEFT_TO_STAFF": lambda: leave_to_staff(patience=settling_patience(), now=now),
        "RELEASED": lambda: release_unused(times=times, now=now),
        "RESULTS_OVERDUE": lambda: note_overdue(now=now),
    }


def _try(name: str, step: Callable[[], Counter[str]]) -> Counter[str]:
    """A fault in one step is counted and reported; the others go on."""
    try:
        return step()
    except Exception:
        logger.exception("remote_session_job_step_failed", step=name)
        return Counter({f"{name}_FAILED": 1})


def _look_at_each(page: Sequence[Mapping[str, Any]], work: Work) -> int:
    """All at once; after a fault in halves, until the odd one is alone: how many are set aside."""
    try:
        _look_at(page, work)
    except Exception:
        if len(page) == 1:
            logger.exception("remote_session_set_aside", remote_session=str(page[0]["id"]))
            return 1
        logger.warning("remote_session_batch_failed", size=len(page), exc_info=True)
        middle = len(page) // 2
        return _look_at_each(page[:middle], work) + _look_at_each(page[middle:], work)
    return 0


def _look_at(page: Sequence[Mapping[str, Any]], work: Work) -> None:
    """Note what came for them, and who is to be decided on; nothing is written yet."""
    rows = as_rows(page, work.running)
    for session, match in find_sessions(rows):
        work.sessions.setdefault(match.candidate_id, (session, match))
    for cdr, match in find_cdrs(rows):
        work.cdrs.setdefault(match.candidate_id, (cdr, match))
    work.deciding |= {
        row.id for row in rows if decide(row.facts, rules=work.rules, now=work.now) != NOTHING
    }
