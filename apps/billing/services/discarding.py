"""Giving a draft up."""

from datetime import datetime

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.services import record
from apps.billing.models import Invoice, InvoiceLine
from apps.billing.run_totals import refresh_totals
from apps.billing.states import check_move, locked
from apps.core.errors import InvalidInput
from apps.events.services import emit


class ReasonMissing(InvalidInput):
    """A draft is discarded with a reason."""

    code = "REASON_MISSING"


def discard_draft(
    *, invoice: Invoice, reason: str, now: datetime, actor: Actor | None = None
) -> Invoice:
    """Give a draft up; its CDRs are free for the next run, its run's totals lose it.

    Raises ReasonMissing, InvoiceStateConflict.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the draft is discarded.")
    with transaction.atomic():
        draft = locked(invoice)
        check_move(draft, Invoice.State.DISCARDED)
        give_up(invoice=draft, reason=reason.strip(), now=now, actor=actor)
        if draft.run:
            refresh_totals(run=draft.run, actor=actor)
        return draft


def give_up(*, invoice: Invoice, reason: str, now: datetime, actor: Actor | None = None) -> None:
    """The move itself, for callers who hold the draft's row lock."""
    InvoiceLine.objects.filter(invoice=invoice).update(is_live=False)
    invoice.state = Invoice.State.DISCARDED
    invoice.discard_reason = reason
    record("discarded draft", invoice, reason=reason, actor=actor)
    emit(
        type="invoice.discarded",
        aggregate=invoice,
        provider_id=invoice.provider_id,
        data={"account": str(invoice.account_id), "reason": reason},
        now=now,
    )
