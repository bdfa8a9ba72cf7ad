"""What ended sessions still need: captures that wait, blocked money to free, results overdue."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from apps.payments.services import request_releases
from apps.payments.states import State as PaymentState
from apps.remote_sessions.job.rules import ReleaseTimes
from apps.remote_sessions.models import Command, RemoteSession, TimelineEntry
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.settling import settle
from apps.remote_sessions.states import NOTHING_STARTED, START_OPEN, State

BATCH: Final = 500
Settlement = RemoteSession.Settlement


def settle_waiting(*, now: datetime) -> int:
    """Look again at every completed session whose capture waits; how many were handed over."""
    waiting = RemoteSession.objects.filter(settlement=Settlement.WAITING)
    return sum(_settle_batch(ids, now=now) for ids in _pages(waiting))


def _settle_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = _locked(ids).filter(settlement=Settlement.WAITING)
        return settle(list(rows.select_related(*RELATED, "provider", "account")), now=now)


def release_unused(*, times: ReleaseTimes, now: datetime) -> int:
    """Free the money of given up starts, and of sessions whose CDR never came."""
    blocked = Q(payment__state__in=[PaymentState.PREAUTH_PENDING, PaymentState.PREAUTH_ACCEPTED])
    given_up = Q(state=State.CANCELLED) & (
        Q(cancelled_at__lte=now - times.cancelled) | Q(reason__in=NOTHING_STARTED)
    )
    wrong = Q(state=State.ERROR, error_at__lte=now - times.without_cdr)
    unclear = (Q(cdr=None) | Q(credit_cdr__isnull=False)) & Q(
        state=State.COMPLETED, settlement=Settlement.WAITING,
        completed_at__lte=now - times.without_cdr,
    )  # fmt: skip
    unused = RemoteSession.objects.filter(blocked & (given_up | wrong | unclear))
    return sum(_release_batch(ids, now=now) for ids in _pages(unused))


def _release_batch(ids: list[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = list(_locked(ids).exclude(state__in=[State.ACTIVE, State.STOPPING]))
        why = "No CDR came in time."
        payments = [row.payment_id for row in rows if row.payment_id]
        request_releases(payment_ids=payments, reason=why, now=now)
        lines = [
            TimelineEntry(remote_session=row, at=now, kind=TimelineEntry.Kind.PAYMENT,
                          text="No CDR came in time: the blocked amount is released.")
            for row in rows
        ]  # fmt: skip
        TimelineEntry.objects.bulk_create(lines)
    return len(rows)


# Once the session has come, or the charge has ended, nobody waits for the result any more.
STILL_AWAITED: Final = Q(kind=Command.Kind.START, remote_session__state__in=list(START_OPEN)) | Q(
    kind=Command.Kind.STOP, remote_session__state=State.STOPPING
)


def note_overdue(*, now: datetime) -> int:
    """Say in the story when a result did not come in time; it is still taken when it does."""
    overdue = Command.objects.filter(result_at=None, overdue_noted_at=None, deadline__lt=now)
    return sum(_note_batch(ids, now=now) for ids in _pages(overdue))


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
