"""One run of the minute job, one at a time."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from django.utils import timezone

from apps.core.leases import Held, job_run, renewable_lease
from apps.core.models import JobRun
from apps.remote_sessions.decision import NOTHING, Rules, decide
from apps.remote_sessions.job.aftercare import note_overdue, release_unused, settle_waiting
from apps.remote_sessions.job.finding import find_cdrs, find_sessions
from apps.remote_sessions.job.reading import BATCH, Row, VatRates, read_batches
from apps.remote_sessions.job.rules import current_rules, release_times
from apps.remote_sessions.job.vat import rate_lookup
from apps.remote_sessions.job.writing import Work, write

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
    counts: Counter[str] = Counter()
    rules, rates = current_rules(), VatRates(rate_lookup(on=now.date()))
    for batch in read_batches(rates, size=batch_size):
        counts["LOOKED_AT"] += len(batch)
        counts += _try("BATCHES_FAILED", partial(_bring_on, batch, rules, rates, now))
        log.counts = dict(counts)
        if not held.renew(now=timezone.now()):
            logger.warning("remote_session_job_lost_its_lease")
            return
    for name, step in _aftercare(now).items():
        counts += _try(f"{name}_FAILED", partial(_count, name, step))
    log.counts = dict(+counts)


def _aftercare(now: datetime) -> dict[str, Callable[[], int]]:
    times = release_times()
    return {
        "SETTLED": lambda: settle_waiting(now=now),
        "RELEASED": lambda: release_unused(times=times, now=now),
        "RESULTS_OVERDUE": lambda: note_overdue(now=now),
    }


def _count(name: str, step: Callable[[], int]) -> Counter[str]:
    return Counter({name: step()})


def _try(failure: str, step: Callable[[], Counter[str]]) -> Counter[str]:
    """A fault in one step is counted and reported; the others go on."""
    try:
        return step()
    except Exception:
        logger.exception("remote_session_job_step_failed", step=failure)
        return Counter({failure: 1})


def _bring_on(rows: list[Row], rules: Rules, rates: VatRates, now: datetime) -> Counter[str]:
    work = Work(rules=rules, rates=rates, now=now)
    work.sessions = {match.candidate_id: (s, match) for s, match in find_sessions(rows)}
    work.cdrs = {match.candidate_id: (c, match) for c, match in find_cdrs(rows)}
    work.deciding = {r.id for r in rows if decide(r.facts, rules=rules, now=now) != NOTHING}
    return write(work)
