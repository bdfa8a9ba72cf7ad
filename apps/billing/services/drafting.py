"""Bringing an account's drafts into agreement with its plan, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import Account
from apps.audit.context import Actor
from apps.audit.services import record
from apps.billing.models import Invoice, InvoiceLine, InvoiceRun, InvoiceVatTotal
from apps.billing.planner import PlannedInvoice, PlannedLine
from apps.billing.services.discarding import give_up
from apps.billing.services.holding import keep_holds
from apps.billing.services.planning import (
    KIND,
    AccountPlan,
    Terms,
    drafts_of_period,
    period_of,
    plan_account,
)

CREATED, CHANGED, UNCHANGED, GIVEN_UP = "created", "changed", "unchanged", "discarded"


def draft_account(
    *,
    run: InvoiceRun,
    terms: Terms,
    account: Account | None,
    now: datetime,
    actor: Actor | None = None,
) -> tuple[AccountPlan, Counter[str]]:
    """Draft what the account owes; returns the plan and what was done to how many drafts.

    The account's row lock makes a second run wait, which then finds nothing to do.
    """
    with transaction.atomic():
        if account is not None:
            Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        plan = plan_account(terms=terms, account=account)
        done: Counter[str] = Counter()
        if account is not None:
            done = _write_drafts(run, terms, account, plan.invoices, now, actor)
        keep_holds(run=run, plan=plan, now=now)
        if done[CREATED] or done[CHANGED] or done[GIVEN_UP]:
            _reopen(run, actor)
        return plan, done


def _reopen(run: InvoiceRun, actor: Actor | None) -> None:
    """A finished run that finds more to do is running, should it be killed meanwhile."""
    if run.state == InvoiceRun.State.FINISHED:
        run.state, run.ended_at = InvoiceRun.State.RUNNING, None
        record("reopened invoice run", run, actor=actor)


def _write_drafts(
    run: InvoiceRun,
    terms: Terms,
    account: Account,
    planned: Sequence[PlannedInvoice],
    now: datetime,
    actor: Actor | None,
) -> Counter[str]:
    drafts = {draft.partition: draft for draft in _locked_drafts(terms, account)}
    wanted = {str(invoice.partition): invoice for invoice in planned}
    done: Counter[str] = Counter()
    # First what falls away, so that its CDRs are free for the others.
    for name in drafts.keys() - wanted.keys():
        give_up(
            invoice=drafts[name], reason="None of its charges can be billed on it any more.",
            now=now, actor=actor,
        )  # fmt: skip
        done[GIVEN_UP] += 1
    changed = [
        (drafts.get(name), invoice)
        for name, invoice in wanted.items()
        if name not in drafts or not _says(drafts[name], invoice)
    ]
    for draft, _ in changed:
        if draft:
            _clear(draft)
    for draft, invoice in changed:
        _write(draft or _new_draft(run, terms, account), invoice, actor)
        done[CHANGED if draft else CREATED] += 1
    done[UNCHANGED] += len(wanted) - len(changed)
    return done


def _locked_drafts(terms: Terms, account: Account) -> QuerySet[Invoice]:
    return (
        drafts_of_period(terms)
        .filter(account=account)
        .select_for_update(no_key=True)
        .prefetch_related("lines", "vat_totals")
    )


def _new_draft(run: InvoiceRun, terms: Terms, account: Account) -> Invoice:
    return Invoice(account=account, run=run, kind=KIND, **period_of(terms))


def _clear(draft: Invoice) -> None:
    draft.lines.all().delete()
    draft.vat_totals.all().delete()


def _write(draft: Invoice, planned: PlannedInvoice, actor: Actor | None) -> None:
    activity = "drafted invoice" if draft._state.adding else "drafted invoice anew"
    draft.partition = str(planned.partition)
    draft.currency = planned.partition.currency
    draft.tax_country = planned.partition.tax_country
    draft.seller_vat_country = planned.partition.seller_vat_country
    draft.buyer_vat_id = _buyer_vat_id(planned)
    draft.line_count = len(planned.lines)
    draft.net_total = planned.totals.net
    draft.vat_total = planned.totals.vat
    draft.gross_total = planned.totals.gross
    record(activity, draft, actor=actor)
    InvoiceLine.objects.bulk_create(
        [_line(draft, n, line) for n, line in enumerate(planned.lines, start=1)], batch_size=500
    )
    InvoiceVatTotal.objects.bulk_create(_vat_totals(draft, planned))


def _buyer_vat_id(planned: PlannedInvoice) -> str:
    return next((line.tax.buyer_vat_id for line in planned.lines if line.tax.buyer_vat_id), "")


def _line(draft: Invoice, position: int, line: PlannedLine) -> InvoiceLine:
    chargeable = line.charge.chargeable
    return InvoiceLine(
        invoice=draft,
        position=position,
        cdr_id=chargeable.id,
        description=line.charge.description[:300],
        started_at=line.charge.started_at,
        ended_at=line.charge.supplied.ended_at,
        time_zone=line.charge.time_zone,
        quantity_kwh=chargeable.kwh,
        unit_price=line.price.per_kwh,
        net_amount=line.net_amount,
        vat_category=line.vat_category,
        vat_rate=line.vat_rate,
        tax_decision=line.tax.evidence,
        price_basis=line.price.basis.value,
    )


def _vat_totals(draft: Invoice, planned: PlannedInvoice) -> list[InvoiceVatTotal]:
    """What a decision says beside the rate is the same for all lines of a category and rate."""
    taxes = {(line.vat_category, line.vat_rate): line.tax for line in reversed(planned.lines)}
    return [
        InvoiceVatTotal(
            invoice=draft,
            vat_category=row.category.value,
            vat_rate=row.rate,
            net_amount=row.net,
            vat_amount=row.vat,
            note=taxes[row.category.value, row.rate].note,
            vatex=taxes[row.category.value, row.rate].vatex,
            reporting=taxes[row.category.value, row.rate].reporting,
        )
        for row in planned.totals.per_rate
    ]


_LINE_FIELDS = (
    "position", "cdr_id", "description", "started_at", "ended_at", "time_zone", "quantity_kwh",
    "unit_price", "net_amount", "vat_category", "vat_rate", "price_basis",
)  # fmt: skip
_TOTAL_FIELDS = (
    "vat_category", "vat_rate", "net_amount", "vat_amount", "note", "vatex", "reporting",
)  # fmt: skip


def _says(draft: Invoice, planned: PlannedInvoice) -> bool:
    """Whether the draft has what is planned, and nothing else."""
    lines = [_line(draft, n, line) for n, line in enumerate(planned.lines, start=1)]
    return (
        draft.buyer_vat_id == _buyer_vat_id(planned)
        and _values(draft.lines.all(), _LINE_FIELDS) == _values(lines, _LINE_FIELDS)
        and _values(draft.vat_totals.all(), _TOTAL_FIELDS)
        == _values(_vat_totals(draft, planned), _TOTAL_FIELDS)
    )


def _values(rows: Any, fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return sorted((tuple(getattr(row, name) for name in fields) for row in rows), key=repr)
