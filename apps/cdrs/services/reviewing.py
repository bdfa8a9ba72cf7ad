"""A CDR's way through its states: accepted, rejected, billed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.audit.services import record
from apps.cdrs.guards import check_status_move
from apps.cdrs.models import CDR
from apps.cdrs.services.locking import CdrDeleted, lock_cdr, show
from apps.cdrs.services.telling import cdr_event
from apps.core.errors import DomainError, InvalidInput
from apps.events.services import emit_many

__all__ = ["BulkRejection", "BulkReview", "CdrDeleted", "CdrHeld", "ReasonMissing", "accept_cdr",
           "accept_cdrs", "accept_held_cdrs", "accept_stored_cdrs", "mark_cdrs_billed",
           "reject_cdr", "reject_cdrs"]  # fmt: skip

BATCH: Final = 500
_REVIEW: Final = ("status", "status_changed_at", "rejection_reason", "is_held")


class ReasonMissing(InvalidInput):
    """What is said to the operator has to be said."""

    code = "REASON_MISSING"


class CdrHeld(DomainError):
    """Something about the CDR is odd; accepting it takes a person's reason."""

    code = "CDR_HELD"


@dataclass(frozen=True, slots=True)
class BulkReview:
    """How many CDRs were accepted, and how many stayed back because they are held."""

    accepted: int
    held: int


@dataclass(frozen=True, slots=True)
class BulkRejection:
    """How many CDRs were rejected, and which were left because they are no longer PENDING."""

    rejected: int
    left: tuple[CDR, ...]


def accept_cdr(*, cdr: CDR, now: datetime, reason: str = "", actor: Actor | None = None) -> CDR:
    """We owe this; accepting a held CDR takes a reason. Of an accepted one nothing changes.

    Raises CdrStatusChangeRefused, CdrHeld, CdrDeleted.
    """
    with transaction.atomic():
        locked = lock_cdr(cdr)
        if _begins(locked, CDR.Status.ACCEPTED):
            if locked.is_held and not reason.strip():
                raise CdrHeld(
                    f"CDR {locked} is held: {_oddities(locked)} To accept it, say why.",
                    hold_reasons=locked.hold_reasons,
                )
            _move(locked, CDR.Status.ACCEPTED, now)
            record("accepted CDR", locked, reason=reason, actor=actor)
            emit_many(events=[cdr_event("cdr.status.accepted", locked)], now=now)
        show(cdr, locked, *_REVIEW)
    return locked


def reject_cdr(*, cdr: CDR, reason: str, now: datetime, actor: Actor | None = None) -> CDR:
    """Final: we don't owe this. Of a rejected one nothing changes.

    Raises ReasonMissing, CdrStatusChangeRefused, CdrDeleted.
    """
    with transaction.atomic():
        locked = lock_cdr(cdr)
        if _begins(locked, CDR.Status.REJECTED):
            if not reason.strip():
                raise ReasonMissing("Say why the CDR is rejected; the operator is told.")
            _move(locked, CDR.Status.REJECTED, now)
            locked.rejection_reason = reason.strip()
            record("rejected CDR", locked, reason=locked.rejection_reason, actor=actor)
            event = cdr_event("cdr.status.rejected", locked, reason=locked.rejection_reason)
            emit_many(events=[event], now=now)
        show(cdr, locked, *_REVIEW)
    return locked


def accept_cdrs(
    *, cdrs: Iterable[CDR], reason: str, now: datetime, actor: Actor | None = None
) -> BulkReview:
    """Accepts what is PENDING and not held, a transaction per 500; the rest is left as it is.

    Killed half-way and started again it goes on. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing("Say why these CDRs are accepted.")
    accepted = held = 0
    for keys in _batches(cdrs):
        with transaction.atomic():
            pending = list(_locked(keys).filter(status=CDR.Status.PENDING))
            clear = [cdr for cdr in pending if not cdr.is_held]
            _move_many(clear, CDR.Status.ACCEPTED, "accepted CDR", reason.strip(), now, actor)
        accepted += len(clear)
        held += len(pending) - len(clear)
    return BulkReview(accepted=accepted, held=held)


def accept_stored_cdrs(
    *, cdrs: Sequence[CDR], reason: str, now: datetime, actor: Actor | None = None
) -> None:
    """Accepts CDRs that the caller stored in this very transaction, PENDING and not held: nobody
    else can have changed them, so that they are not locked and read again."""
    _move_many(cdrs, CDR.Status.ACCEPTED, "accepted CDR", reason, now, actor)


def accept_held_cdrs(
    *, cdrs: Iterable[CDR], reason: str, now: datetime, actor: Actor | None = None
) -> int:
    """Accepts PENDING CDRs although they are held, all or none; returns how many moved.

    For the handful that a person looked at. Raises ReasonMissing, CdrDeleted,
    CdrStatusChangeRefused.
    """
    if not reason.strip():
        raise ReasonMissing("Say why these CDRs are accepted.")
    with transaction.atomic():
        chosen = sorted(cdrs, key=lambda cdr: cdr.pk)
        due = [cdr for cdr in chosen if cdr.status == CDR.Status.PENDING]
        for cdr in due:
            accept_cdr(cdr=cdr, now=now, reason=reason.strip(), actor=actor)
    return len(due)


def reject_cdrs(
    *, cdrs: Iterable[CDR], reason: str, now: datetime, actor: Actor | None = None
) -> BulkRejection:
    """Rejects those that are PENDING, held or not, in one transaction; tells which it left.

    For the handful that a person looked at. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the CDRs are rejected; the operators are told.")
    left, rejected = [], 0
    with transaction.atomic():
        for cdr in _rows(sorted(cdr.pk for cdr in cdrs)):
            if cdr.status == CDR.Status.PENDING and cdr.deleted_at is None:
                reject_cdr(cdr=cdr, reason=reason, now=now, actor=actor)
                rejected += 1
            else:
                left.append(cdr)
    return BulkRejection(rejected, tuple(left))


def mark_cdrs_billed(*, cdrs: Sequence[CDR], now: datetime, actor: Actor | None = None) -> int:
    """The CDRs stand on an invoice that is issued in the caller's transaction; all or none.

    Returns how many moved; those that are BILLED already don't change. Locks the rows in the
    order of their keys. Raises CdrStatusChangeRefused, CdrDeleted.
    """
    moved = 0
    with transaction.atomic():
        for keys in _batches(cdrs):
            rows = list(_rows(keys))
            if deleted := next((row for row in rows if row.deleted_at), None):
                raise CdrDeleted(f"CDR {deleted} was deleted.")
            due = [row for row in rows if _begins(row, CDR.Status.BILLED)]
            _move_many(due, CDR.Status.BILLED, "billed CDR", "", now, actor)
            moved += len(due)
    for cdr in cdrs:
        cdr.status = CDR.Status.BILLED
    return moved


def _begins(cdr: CDR, status: CDR.Status) -> bool:
    """Whether the move changes something; False when the state is already there."""
    if cdr.status == status:
        return False
    check_status_move(
        before=cdr.status, after=status, transitions=CDR.TRANSITIONS, cdr_id=cdr.cdr_id
    )
    return True


def _move(cdr: CDR, status: CDR.Status, now: datetime) -> None:
    cdr.status = status
    cdr.status_changed_at = now
    # The reasons stay to be read; nobody has to look any more.
    cdr.is_held = False


def _move_many(
    cdrs: Sequence[CDR],
    status: CDR.Status,
    activity: str,
    reason: str,
    now: datetime,
    actor: Actor | None,
) -> None:
    for cdr in cdrs:
        _move(cdr, status, now)
    CDR.objects.bulk_update(
        cdrs,
        ["status", "status_changed_at", "is_held"],
        audit_change=change_of(activity, reason=reason, actor=actor),
    )
    type = f"cdr.status.{status.lower()}"
    emit_many(events=[cdr_event(type, cdr) for cdr in cdrs], now=now)


def _batches(cdrs: Iterable[CDR]) -> Iterable[list[Any]]:
    """The keys, in their order, so that two moves of the same CDRs don't wait for each other."""
    keys = sorted(cdr.pk for cdr in cdrs)
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _rows(keys: list[Any]) -> Any:
    return CDR.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")


def _locked(keys: list[Any]) -> Any:
    return _rows(keys).live()


def _oddities(cdr: CDR) -> str:
    return " ".join(reason["message"] for reason in cdr.hold_reasons)
