"""Writing what was decided for a batch: all at once, and one by one when one of it is bad."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.decision import Decision, Rules, decide
from apps.remote_sessions.job.reading import facts_of
from apps.remote_sessions.matching import Match
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.attaching import attach_cdr_to, attach_session_to
from apps.remote_sessions.services.changes import Changes, Kind
from apps.remote_sessions.services.ending import complete_on
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.running_charges import RunningCharges
from apps.remote_sessions.services.settling import settle
from apps.remote_sessions.states import State

logger = structlog.get_logger(__name__)

StopBy = RemoteSession.StopBy
# Gathered over pages: the number of queries of a write does not depend on its rows.
WRITTEN_TOGETHER: Final = 250
# Long, and read by nothing here.
UNREAD: Final = ("session__raw", "cdr__raw", "cdr__tariffs", "cdr__charging_periods")


@dataclass(slots=True)
class Work:
    """What is to be done: what was found, and who is to be decided on."""

    rules: Rules
    running: RunningCharges
    now: datetime
    sessions: dict[UUID, tuple[ChargingSession, Match]] = field(default_factory=dict)
    cdrs: dict[UUID, tuple[CDR, Match]] = field(default_factory=dict)
    deciding: set[UUID] = field(default_factory=set)

    @property
    def ids(self) -> list[UUID]:
        return sorted({*self.sessions, *self.cdrs, *self.deciding})

    def clear(self) -> None:
        self.sessions.clear()
        self.cdrs.clear()
        self.deciding.clear()


def write(work: Work) -> Counter[str]:
    """Do the gathered work and forget it; each batch is a transaction."""
    counts: Counter[str] = Counter()
    ids = work.ids
    for first in range(0, len(ids), WRITTEN_TOGETHER):
        counts += _write_batch(work, ids[first : first + WRITTEN_TOGETHER])
    work.clear()
    return counts


def _write_batch(work: Work, ids: Sequence[UUID]) -> Counter[str]:
    """A fault has it done session by session, the bad one set aside."""
    try:
        return _write_together(work, ids)
    except Exception:
        logger.exception("remote_session_batch_failed", size=len(ids))
    counts: Counter[str] = Counter()
    for one in ids:
        counts += _write_alone(work, one)
    return counts


def _write_alone(work: Work, one: UUID) -> Counter[str]:
    try:
        return _write_together(work, [one])
    except Exception:
        logger.exception("remote_session_set_aside", remote_session=str(one))
        return Counter(SET_ASIDE=1)


def _write_together(work: Work, ids: Sequence[UUID]) -> Counter[str]:
    counts: Counter[str] = Counter()
    with transaction.atomic():
        _lock_charges(work, ids)
        rows = _lock_rows(ids)
        counts["BUSY"] = len(ids) - len(rows)
        changes = Changes(work.now)
        for row in rows:
            counts[_bring_on(changes, row, work)] += 1
        changes.save("brought on by the job")
        settle(list(changes.touched.values()), now=work.now)
    return +counts


def _lock_charges(work: Work, ids: Sequence[UUID]) -> None:
    """In the order in which an arrival locks: the charge first, then its remote session."""
    sessions = [work.sessions[pk][0].pk for pk in ids if pk in work.sessions]
    if sessions:
        rows = ChargingSession.objects.select_for_update().filter(pk__in=sessions)
        list(rows.order_by("pk").values_list("pk"))
    cdrs = [work.cdrs[pk][0].pk for pk in ids if pk in work.cdrs]
    if cdrs:
        list(CDR.objects.select_for_update().filter(pk__in=cdrs).order_by("pk").values_list("pk"))


def _lock_rows(ids: Sequence[UUID]) -> list[RemoteSession]:
    """What another process works on now is skipped: the next minute looks again."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = RemoteSession.objects.select_for_update(of=("self",), skip_locked=skip)
    rows = rows.select_related(*RELATED, "provider").defer(*UNREAD)
    return list(rows.filter(pk__in=ids).order_by("pk"))


def _bring_on(changes: Changes, row: RemoteSession, work: Work) -> str:
    """Attach what was found, then decide on what is true now; the outcome for the count."""
    before = row.state
    if row.pk in work.sessions and row.session_id is None:
        attach_session_to(changes, row, *work.sessions[row.pk])
    if row.pk in work.cdrs and row.cdr_id is None:
        attach_cdr_to(changes, row, *work.cdrs[row.pk])
    decision = decide(facts_of(row, work.running), rules=work.rules, now=work.now)
    _carry_out(changes, row, decision)
    if row.state != before:
        return str(row.state)
    if decision.ask_stop:
        return "STOP_ASKED_AGAIN"
    return "ATTACHED" if row.pk in changes.touched else "UNCHANGED"


def _carry_out(changes: Changes, row: RemoteSession, decision: Decision) -> None:
    if decision.to is State.COMPLETED:
        complete_on(changes, row)
    elif decision.to is not None:
        changes.move(row, decision.to, reason=decision.reason, message=decision.message)
    if decision.ask_stop:
        by = row.stop_requested_by or StopBy.LIMIT
        if decision.to is State.STOPPING:
            by = StopBy.LIMIT
            changes.tell(row, Kind.JOB, "The running total incl. VAT nears the blocked amount.")
        changes.ask_stop(row, by=by)
