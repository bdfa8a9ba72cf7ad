"""Issuing: a draft gets its number, is frozen, and its CDRs are billed, all at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.services import record
from apps.billing.charges import UNUSED_FIELDS, chargeable_of, seat_zone
from apps.billing.models import Invoice, InvoiceLine, InvoiceSeries
from apps.billing.numbering import format_number, series_year
from apps.billing.periods import Period
from apps.billing.prices import Price, RetailPrice, price_all
from apps.billing.snapshots import buyer_snapshot, seller_snapshot
from apps.billing.states import check_move, locked
from apps.billing.totals import total_up
from apps.cdrs.models import CDR
from apps.cdrs.services import mark_cdrs_billed
from apps.cdrs.services.vat import settle_vat
from apps.core.errors import DomainError
from apps.events.services import emit
from apps.vat.exchange import find_rate, tax_currency

Progress = Callable[[int, int], None]


class DraftOutdated(DomainError):
    """A CDR on the draft has changed since; a new run brings the draft up to date."""

    code = "DRAFT_OUTDATED"


def issue_invoice(*, invoice: Invoice, now: datetime, actor: Actor | None = None) -> Invoice:
    """Number and freeze a draft; its CDRs become BILLED in the same transaction.

    The number comes last, under the lock of the seller's series: what fails before takes none.
    Raises InvoiceStateConflict, DraftOutdated, SellerVatNumberMissing and what marking the CDRs
    raises.
    """
    with transaction.atomic():
        draft = locked(invoice)
        check_move(draft, Invoice.State.ISSUED)
        cdrs = _lock_cdrs(draft)
        _require_current(draft, cdrs)
        _require_same_vat(draft, cdrs, now)
        mark_cdrs_billed(cdrs=cdrs, now=now, actor=actor)
        _freeze(draft, now)
        _number(draft)
        record("issued invoice", draft, actor=actor)
        _tell(draft, now)
        return draft


@dataclass(slots=True)
class IssueSummary:
    """What became of each draft; `refused` has the reason why one could not be issued."""

    issued: list[Invoice] = field(default_factory=list)
    refused: list[tuple[Invoice, str]] = field(default_factory=list)


def issue_invoices(
    *,
    provider: Provider,
    now: datetime,
    period: Period | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> IssueSummary:
    """Issue all drafts of a provider (and a period), in the order of their accounts' numbers.

    One transaction each; one that can't be issued is set aside, the others go on. Several
    processes may do this at once: each draft is issued by one of them.
    """
    drafts = Invoice.objects.filter(provider=provider)
    if period is not None:
        drafts = drafts.filter(period_start=period.start, period_end=period.end)
    return issue_each(invoices=drafts, now=now, actor=actor, progress=progress)


def issue_each(
    *,
    invoices: QuerySet[Invoice],
    now: datetime,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> IssueSummary:
    """The same for the drafts among any invoices."""
    drafts = invoices.filter(state=Invoice.State.DRAFT)
    ids = list(drafts.order_by("account__number", "partition", "id").values_list("pk", flat=True))
    summary = IssueSummary()
    for done, pk in enumerate(ids, start=1):
        with transaction.atomic():
            draft = (
                Invoice.objects.drafts()
                .select_for_update(no_key=True, skip_locked=True, of=("self",))
                .filter(pk=pk)
                .first()
            )
            if draft is not None:
                _issue_or_refuse(draft, summary, now, actor)
        if progress:
            progress(done, len(ids))
    return summary


def _issue_or_refuse(
    draft: Invoice, summary: IssueSummary, now: datetime, actor: Actor | None
) -> None:
    try:
        summary.issued.append(issue_invoice(invoice=draft, now=now, actor=actor))
    except DomainError as error:
        summary.refused.append((draft, error.message))


def _lock_cdrs(draft: Invoice) -> list[CDR]:
    """In the order of their ids, so that two transactions never wait for each other."""
    return list(
        CDR.objects.select_for_update(of=("self",), no_key=True)
        .filter(invoice_lines__invoice=draft)
        .defer(*UNUSED_FIELDS)
        .order_by("pk")
    )


def _require_current(draft: Invoice, cdrs: Iterable[CDR]) -> None:
    """The draft still says what its CDRs say: each is to be billed, at the price drafted."""
    lines = list(draft.lines.all())
    known = {cdr.pk: cdr for cdr in cdrs}
    if not lines:
        raise DraftOutdated(f"{draft} has no lines.")
    prices = price_all((chargeable_of(cdr) for cdr in known.values()), retail=_retail(draft, lines))
    for line in lines:
        assert line.cdr_id is not None  # noqa: S101 - every line is a charge
        cdr = known[line.cdr_id]
        if cdr.status != CDR.Status.ACCEPTED or cdr.deleted_at:
            raise _outdated(draft, cdr, f"is {'deleted' if cdr.deleted_at else cdr.status.lower()}")
        if cdr.account_id != draft.account_id or cdr.provider_id != draft.provider_id:
            raise _outdated(draft, cdr, "belongs to another account now")
        if not _is_price(line, prices[cdr.pk]) or line.quantity_kwh != cdr.kwh:
            raise _outdated(draft, cdr, "has another price now")
    totals = total_up(lines, currency=draft.currency)
    if (totals.net, totals.vat, totals.gross) != (
        draft.net_total, draft.vat_total, draft.gross_total,
    ):  # fmt: skip
        raise DraftOutdated(f"{draft}: its totals are not those of its lines.")


def _require_same_vat(draft: Invoice, cdrs: Iterable[CDR], now: datetime) -> None:
    """The VAT that is decided and kept for each CDR is the one on its line."""
    by_id = {cdr.pk: cdr for cdr in cdrs}
    kept = settle_vat(cdr_ids=list(by_id), now=now)
    for line in draft.lines.all():
        assert line.cdr_id is not None  # noqa: S101 - every line is a charge
        decision = kept[line.cdr_id]
        drafted = (draft.tax_country, line.vat_category, line.vat_rate)
        if (decision.tax_country, decision.category, decision.rate) != drafted:
            raise _outdated(
                draft, by_id[line.cdr_id], f"has other VAT now ({decision.explanation})"
            )


def _retail(draft: Invoice, lines: list[InvoiceLine]) -> RetailPrice:
    """The price per kWh that the draft was made with, whatever the provider asks since."""
    per_kwh = next((line.unit_price for line in lines if line.unit_price is not None), None)
    return RetailPrice(draft.currency, per_kwh)


def _is_price(line: InvoiceLine, price: object) -> bool:
    return (
        isinstance(price, Price)
        and price.amount == line.net_amount
        and price.basis.value == line.price_basis
    )


def _outdated(draft: Invoice, cdr: CDR, what: str) -> DraftOutdated:
    return DraftOutdated(
        f"{draft}: CDR {cdr} {what}. Run the period again to bring the draft up to date.",
        cdr=str(cdr.pk),
    )


def _freeze(draft: Invoice, now: datetime) -> None:
    today = now.astimezone(seat_zone(draft.provider)).date()
    draft.state = Invoice.State.ISSUED
    draft.issued_at = now
    draft.issue_date = today
    draft.due_date = today + timedelta(days=draft.provider.payment_days)
    draft.seller = seller_snapshot(draft, on=today)
    draft.buyer = buyer_snapshot(draft)
    _state_vat_in_its_currency(draft, today)


def _state_vat_in_its_currency(draft: Invoice, today: date) -> None:
    """Directive 2006/112/EC art. 230. Raises ExchangeRateMissing."""
    due_in = tax_currency(draft.tax_country, today) if draft.tax_country else draft.currency
    if due_in == draft.currency or not draft.vat_total:
        return
    rate = find_rate(source=draft.currency, target=due_in, on=today)
    draft.vat_currency = due_in
    draft.vat_total_in_vat_currency = rate.convert(draft.vat_total)
    draft.exchange_rate = rate.rate
    draft.exchange_date = rate.published_on
    draft.exchange_source = rate.source


def _number(draft: Invoice) -> None:
    assert isinstance(draft.issue_date, date)  # noqa: S101 - _freeze() set it
    series = _locked_series(draft.provider, series_year(draft.issue_date))
    series.last_number += 1
    series.save(update_fields=["last_number", "updated_at"])
    draft.series, draft.sequence = series, series.last_number
    draft.number = format_number(
        prefix=series.prefix, year=series.year, sequence=series.last_number
    )


def _locked_series(provider: Provider, year: int) -> InvoiceSeries:
    series, _ = InvoiceSeries.objects.get_or_create(
        provider=provider, prefix=provider.invoice_prefix, year=year
    )
    return InvoiceSeries.objects.select_for_update(no_key=True).get(pk=series.pk)


def _tell(invoice: Invoice, now: datetime) -> None:
    emit(
        type="invoice.issued",
        aggregate=invoice,
        provider_id=invoice.provider_id,
        data={
            "number": invoice.number,
            "account": str(invoice.account_id),
            "currency": invoice.currency,
            "net": str(invoice.net_total),
            "vat": str(invoice.vat_total),
            "gross": str(invoice.gross_total),
            "issue_date": str(invoice.issue_date),
            "due_date": str(invoice.due_date),
        },
        now=now,
    )
