"""What ended sessions still need: captures that wait or that staff must see, blocked money to
free, results overdue."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from apps.payments.services import request_releases
from apps.payments.states import State as PaymentState
from apps.remote_sessions.job.rules import ReleaseTimes
from apps.remote_sessions.models import Command, RemoteSession, TimelineEntry
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.services.changes import WORDS, Changes
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.settling import settle
from apps.remote_sessions.states import NOTHING_STARTED, START_OPEN, State

logger = structlog.get_logger(__name__)

BATCH: Final = 500
Settlement = RemoteSession.Settlement


def settle_waiting(*, now: datetime) -> Counter[str]:
    """Look again at completed sessions whose capture waits; SETTLED were handed over."""
    waiting = RemoteSession.objects.filter(settlement=Settlement.WAITING)
    return _do_batches("SETTLED", waiting, partial(_settle_batch, now=now))


def _settle_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = _locked(ids).filter(settlement=Settlement.WAITING)
        return settle(list(rows.select_related(*RELATED, "provider", "account")), now=now)


def leave_to_staff(*, patience: timedelta, now: datetime) -> Counter[str]:
    """Captures that have waited for long are for a person now; the job looks at them no more."""
    long = RemoteSession.objects.filter(
        settlement=Settlement.WAITING, completed_at__lte=now - patience
    )
    return _do_batches("LEFT_TO_STAFF", long, partial(_leave_batch, now=now))


def _leave_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = list(_locked(ids).filter(settlement=Settlement.WAITING).select_related("evse"))
        changes = Changes(now)
        for row in rows:
            row.settlement = Settlement.STUCK
            changes.touch(row)
            changes.tell(
                row, TimelineEntry.Kind.PAYMENT,
                f"Nothing could be captured so far; a person has to look. {WORDS}",
                words=row.settlement_note,
            )  # fmt: skip
        changes.save("left the capture to staff")
    return len(rows)


def release_unused(*, times: ReleaseTimes, now: datetime) -> Counter[str]:
    """Free the money of given up starts, and of sessions whose CDR never came."""
    blocked = Q(payment__state__in=[PaymentState.PREAUTH_PENDING, PaymentState.PREAUTH_ACCEPTED])
    given_up = Q(state=State.CANCELLED) & (
        Q(cancelled_at__lte=now - times.cancelled) | Q(reason__in=NOTHING_STARTED)
    )
    wrong = Q(state=State.ERROR, error_at__lte=now - times.without_cdr)
    # A corrected CDR has as long to come, from the credit on.
    latest = now - times.without_cdr
    awaits_cdr = Q(cdr=None, completed_at__lte=latest) | Q(credit_cdr__created_at__lte=latest)
    unclear = Q(state=State.COMPLETED, settlement__in=UNSETTLED) & awaits_cdr
    unused = RemoteSession.objects.filter(blocked & (given_up | wrong | unclear))
    return _do_batches("RELEASED", unused, partial(_release_batch, now=now))


def _release_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        found = _locked(ids).exclude(state__in=[State.ACTIVE, State.STOPPING])
        rows = [row for row in found.select_related("cdr", "credit_cdr") if row.takes_cdr]
        payments = [row.payment_id for row in rows if row.payment_id]
        request_releases(payment_ids=payments, reason="No CDR came in time.", now=now)
        changes = Changes(now)
        for row in rows:
            missing = "corrected CDR" if row.cdr_id else "CDR"
            changes.tell(row, TimelineEntry.Kind.PAYMENT,
                         f"No {missing} came in time: the blocked amount is released.")  # fmt: skip
        changes.save("released what was blocked")
    return len(rows)


# Once the session has come, or the charge has ended, nobody waits for the result any more.
STILL_AWAITED: Final = Q(kind=Command.Kind.START, remote_session__state__in=list(START_OPEN)) | Q(
    kind=Command.Kind.STOP, remote_session__state=State.STOPPING
)


def note_overdue(*, now: datetime) -> Counter[str]:
    """Say in the story when a result did not come in time; it is still taken when it does."""
    overdue = Command.objects.filter(result_at=None, overdue_noted_at=None, deadline__lt=now)
    return _do_batches("RESULTS_OVERDUE", overdue, partial(_note_batch, now=now))


def _note_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = list(Command.objects.filter(pk__in=ids, overdue_noted_at=None, result_at=None))
        missed = Command.objects.filter(pk__in=ids).filter(STILL_AWAITED)
        TimelineEntry.objects.bulk_create(
            TimelineEntry(
                remote_session_id=row.remote_session_id, at=now, kind=TimelineEntry.Kind.JOB,
                text=f"No result of the {row.get_kind_display().lower()} came in time.",
            )
            for row in missed
        )  # fmt: skip
        Command.objects.filter(pk__in=[row.pk for row in rows]).update(overdue_noted_at=now)
    return len(rows)


def _do_batches(
    outcome: str, rows: QuerySet[RemoteSession] | QuerySet[Command],
    do: Callable[[list[UUID]], int],
) -> Counter[str]:  # fmt: skip
    """How many had this outcome, and how many were set aside because they failed."""
    counts: Counter[str] = Counter()
    for ids in _pages(rows):
        counts += _do_batch(outcome, ids, do)
    return counts


def _do_batch(outcome: str, ids: list[UUID], do: Callable[[list[UUID]], int]) -> Counter[str]:
    """All at once; after a fault in halves, until the odd one is alone."""
    try:
        return Counter({outcome: do(ids)})
    except Exception:
        if len(ids) == 1:
            logger.exception("remote_session_set_aside", step=outcome, id=str(ids[0]))
            return Counter(SET_ASIDE=1)
        logger.warning("remote_session_batch_failed", step=outcome, size=len(ids), exc_info=True)
    middle = len(ids) // 2
    return _do_batch(outcome, ids[:middle], do) + _do_batch(outcome, ids[middle:], do)


def _pages(rows: QuerySet[RemoteSession] | QuerySet[Command]) -> Iterator[list[UUID]]:
    """Ids, oldest first, each once."""
    last: UUID | None = None
    while True:
        page = rows.order_by("id").values_list("id", flat=True)
        ids = list((page.filter(id__gt=last) if last else page)[:BATCH])
        if not ids:
            return
        last = ids[-1]
        yield ids


def _locked(ids: list[UUID]) -> QuerySet[RemoteSession]:
    skip = connection.features.has_select_for_update_skip_locked
    rows = RemoteSession.objects.select_for_update(of=("self",), skip_locked=skip)
    locked: QuerySet[RemoteSession] = rows.filter(pk__in=ids).order_by("pk")
    return locked
