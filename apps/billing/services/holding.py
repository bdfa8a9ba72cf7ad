"""The queue of charges that could not be billed."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.billing.held import Held
from apps.billing.models import BillingHold, InvoiceRun
from apps.billing.services.planning import AccountPlan


def keep_holds(*, run: InvoiceRun, plan: AccountPlan, now: datetime) -> None:
    """One open hold for each charge that is held, none for the others that were looked at.

    A hold whose reason is still the same is not written again.
    """
    looked_at = {line.charge.id for invoice in plan.invoices for line in invoice.lines}
    looked_at |= plan.held.keys() | set(plan.late)
    open_holds = {hold.cdr_id: hold for hold in _open().filter(cdr_id__in=looked_at)}
    _resolve([hold for cdr_id, hold in open_holds.items() if cdr_id not in plan.held], now)
    new = [
        _hold(run, cdr_id, held) for cdr_id, held in plan.held.items() if cdr_id not in open_holds
    ]
    BillingHold.objects.bulk_create(new, batch_size=500)
    for cdr_id, hold in open_holds.items():
        if cdr_id in plan.held:
            _refresh(hold, run, plan.held[cdr_id])


def resolve_settled(*, run: InvoiceRun, now: datetime) -> None:
    """Close the holds of CDRs that were deleted: nobody has to mend them."""
    gone = Q(cdr__deleted_at__isnull=False)
    ids = _open().filter(gone, cdr__provider=run.provider).values_list("pk", flat=True)
    BillingHold.objects.filter(pk__in=list(ids)).update(resolved_at=now)


def _open() -> QuerySet[BillingHold]:
    return BillingHold.objects.filter(resolved_at=None)


def _resolve(holds: list[BillingHold], now: datetime) -> None:
    for hold in holds:
        hold.resolved_at = now
    BillingHold.objects.bulk_update(holds, ["resolved_at"], batch_size=500)


def _hold(run: InvoiceRun, cdr_id: UUID, held: Held) -> BillingHold:
    return BillingHold(
        cdr_id=cdr_id, run=run, code=held.code, message=held.message, details=held.details
    )


def _refresh(hold: BillingHold, run: InvoiceRun, held: Held) -> None:
    if (hold.code, hold.message) != (held.code, held.message):
        hold.run, hold.code, hold.message, hold.details = run, held.code, held.message, held.details
        hold.save()
