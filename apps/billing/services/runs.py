"""The invoice run: drafts for every account of a provider, up to the end of a period."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.services import record
from apps.billing import run_totals
from apps.billing.models import Invoice, InvoiceRun
from apps.billing.periods import Period
from apps.billing.services.drafting import draft_account
from apps.billing.services.holding import resolve_settled
from apps.billing.services.planning import (
    AccountPlan,
    Terms,
    accounts_to_bill,
    period_of,
    plan_account,
    terms_of,
)
from apps.billing.totals import Turnover

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class HeldCharge:
    """A CDR that is not billed, and why."""

    cdr_id: UUID
    label: str
    code: str
    message: str


@dataclass(slots=True)
class RunSummary:
    """What a run did, or would do. `totals` are those of all live invoices of the period."""

    provider: Provider
    period: Period
    is_dry_run: bool
    run: InvoiceRun | None = None
    totals: dict[str, Turnover] = field(default_factory=dict)
    drafts: Counter[str] = field(default_factory=Counter)
    held: list[HeldCharge] = field(default_factory=list)
    late: int = 0

    def note(self, plan: AccountPlan) -> None:
        self.late += len(plan.late)
        self.held += [
            HeldCharge(cdr_id, str(plan.cdrs[cdr_id]), held.code, held.message)
            for cdr_id, held in plan.held.items()
        ]

    def add(self, currency: str, amount: Turnover) -> None:
        self.totals[currency] = self.totals.get(currency, Turnover()) + amount


def run_invoices(
    *,
    provider: Provider,
    period: Period,
    now: datetime,
    dry_run: bool = False,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Draft invoices for every accepted, unbilled CDR that ended before the period's end.

    Each account is one transaction, so a run that was killed goes on where it was, and two runs
    at once do the work once. Started again it brings the drafts into agreement with the CDRs,
    and changes nothing when they are. A dry run writes nothing and gives the same totals.
    """
    terms = terms_of(provider=provider, period=period)
    if dry_run:
        return _rehearse(terms, progress)
    run = _open_run(terms, now, actor)
    try:
        return _bill(run, terms, now, actor, progress)
    except Exception as error:
        _fail(run, error, now, actor)
        raise


def _rehearse(terms: Terms, progress: Progress | None) -> RunSummary:
    summary = RunSummary(terms.provider, terms.period, is_dry_run=True)
    summary.totals = run_totals.sum_invoices(Invoice.objects.issued().filter(**period_of(terms)))
    accounts = accounts_to_bill(terms)
    for done, account in enumerate(accounts, start=1):
        plan = plan_account(terms=terms, account=account)
        summary.note(plan)
        for invoice in plan.invoices:
            summary.drafts["planned"] += 1
            summary.add(
                invoice.partition.currency,
                Turnover(
                    1, len(invoice.lines), invoice.totals.net, invoice.totals.vat,
                    invoice.totals.gross,
                ),
            )  # fmt: skip
        _tell(progress, done, len(accounts))
    summary.totals = dict(sorted(summary.totals.items()))
    return summary


def _bill(
    run: InvoiceRun,
    terms: Terms,
    now: datetime,
    actor: Actor | None,
    progress: Progress | None,
) -> RunSummary:
    summary = RunSummary(terms.provider, terms.period, is_dry_run=False, run=run)
    accounts = accounts_to_bill(terms)
    for done, account in enumerate(accounts, start=1):
        plan, drafts = draft_account(run=run, terms=terms, account=account, now=now, actor=actor)
        summary.note(plan)
        summary.drafts += drafts
        _tell(progress, done, len(accounts))
    _finish(run, summary, now, actor)
    return summary


def _open_run(terms: Terms, now: datetime, actor: Actor | None) -> InvoiceRun:
    """The run of the period: a new one, or the one that is there, finished or killed."""
    with transaction.atomic():
        # Two runs that begin at once would both see none; the second waits here.
        Provider.objects.select_for_update(no_key=True).get(pk=terms.provider.pk)
        run: InvoiceRun | None = InvoiceRun.objects.filter(**period_of(terms)).first()
        if run is None:
            run = InvoiceRun(started_at=now, **period_of(terms))
            record("started invoice run", run, actor=actor)
        elif run.state == InvoiceRun.State.FAILED:
            run.state, run.error = InvoiceRun.State.RUNNING, ""
            record("went on with invoice run", run, actor=actor)
        return run


def _finish(run: InvoiceRun, summary: RunSummary, now: datetime, actor: Actor | None) -> None:
    with transaction.atomic():
        locked = InvoiceRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        resolve_settled(run=locked, now=now)
        summary.totals = run_totals.sum_invoices(Invoice.objects.live().filter(run=locked))
        locked.totals = {currency: one.as_json() for currency, one in summary.totals.items()}
        locked.held, locked.late = len(summary.held), summary.late
        if locked.state != InvoiceRun.State.FINISHED:
            locked.state, locked.ended_at = InvoiceRun.State.FINISHED, now
        record("finished invoice run", locked, actor=actor)
        summary.run = locked


def _fail(run: InvoiceRun, error: Exception, now: datetime, actor: Actor | None) -> None:
    with transaction.atomic():
        locked = InvoiceRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        locked.state, locked.ended_at = InvoiceRun.State.FAILED, now
        locked.error = f"{type(error).__name__}: {error}"[:2000]
        record("invoice run failed", locked, reason=locked.error, actor=actor)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)
