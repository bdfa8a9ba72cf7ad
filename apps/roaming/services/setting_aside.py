"""CDRs that were taken and that nobody can receive are set aside by staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.audit.personal import protect_jointly
from apps.audit.services import note
from apps.core.errors import DomainError, InvalidInput
from apps.roaming.models import WaitingCdr
from apps.roaming.persons import drivers_in


class ReasonMissing(InvalidInput):
    """A claim for money is not set aside without a word."""

    code = "REASON_MISSING"


class CdrStillWaits(DomainError):
    """It was not tried yet, or it is set aside already."""

    code = "CDR_STILL_WAITS"


def set_aside(*, waiting: WaitingCdr, reason: str, now: datetime) -> None:
    """It waits no more, and is no longer in the way of erasing its driver.

    Its peer is told nothing: the CDR stays at its address. Raises ReasonMissing, CdrStillWaits.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the CDR is set aside.")
    with transaction.atomic():
        row = _locked(waiting)
        if row is None or not row.attempts or row.set_aside_at:
            raise CdrStillWaits("Only what was tried and could not be received is set aside.")
        _note("set aside CDR", row, reason=reason.strip())
        row.message = protect_jointly(row.message, drivers_in("cdrs", row.message))
        row.set_aside_at, row.set_aside_reason = now, reason.strip()
        row.save(update_fields=["message", "set_aside_at", "set_aside_reason"])


def give_way(*, waiting: WaitingCdr) -> bool:
    """Remove it when it is set aside, for another content under its id; what it said is in the
    trail. False when it waits."""
    with transaction.atomic():
        row = _locked(waiting)
        if row is None or row.set_aside_at is None:
            return False
        _note("replaced CDR that was set aside", row)
        row.delete()
    return True


def _locked(waiting: WaitingCdr) -> WaitingCdr | None:
    rows = WaitingCdr.objects.select_for_update(of=("self",))
    found: WaitingCdr | None = rows.filter(pk=waiting.pk).first()
    return found


def _note(activity: str, row: WaitingCdr, *, reason: str = "") -> None:
    drivers = drivers_in("cdrs", row.message)
    said: dict[str, Any] = {
        "message": protect_jointly(row.message, drivers),
        "last_error": protect_jointly(row.last_error, drivers),
    }
    note(
        activity, object_type=row._meta.label_lower, object_id=str(row.pk), object_label=str(row),
        person_id=_only(drivers), before=said, reason=reason,
    )  # fmt: skip


def _only(drivers: set[UUID]) -> UUID | None:
    return next(iter(drivers)) if len(drivers) == 1 else None
