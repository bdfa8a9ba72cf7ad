"""What an account would be billed now: reads, decides, writes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.models import Account, Provider
from apps.billing import charges, planner
from apps.billing.held import Held
from apps.billing.limits import Limits
from apps.billing.models import Invoice, InvoiceLine
from apps.billing.periods import Period
from apps.billing.planner import Plan, PlannedInvoice
from apps.billing.prices import RetailPrice
from apps.billing.tax import LineTax, Seller, Supplied, decide_charge
from apps.cdrs.models import CDR
from apps.vat.rates import RateBook
from apps.vat.services import load_rate_book

KIND = Invoice.Kind.CHARGE_CARD


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run bills by: read once, the same for all its accounts."""

    provider: Provider
    period: Period
    retail: RetailPrice
    seller: Seller
    rates: RateBook
    limits: Limits


def terms_of(*, provider: Provider, period: Period) -> Terms:
    """Three queries: the VAT rates, the provider's VAT registrations and its policy."""
    return Terms(
        provider=provider,
        period=period,
        retail=charges.retail_of(provider),
        seller=charges.seller_of(provider),
        rates=load_rate_book(),
        limits=Limits(settings.BILLING_MAX_LINE_NET, settings.BILLING_MAX_INVOICE_NET),
    )


@dataclass(slots=True)
class AccountPlan:
    """The plan of one account; `late` are CDRs whose period is invoiced, `cdrs` all it looked at.

    `account` is None for CDRs that belong to nobody we know.
    """

    account: Account | None
    cdrs: dict[UUID, CDR]
    invoices: list[PlannedInvoice]
    held: dict[UUID, Held]
    late: list[UUID]


def accounts_to_bill(terms: Terms) -> list[Account | None]:
    """Those with charges to bill or with drafts of the period, by number; None for "nobody"."""
    charged = set(_due(terms).order_by().values_list("account_id", flat=True).distinct())
    drafted = set(drafts_of_period(terms).order_by().values_list("account_id", flat=True))
    accounts = Account.objects.filter(pk__in=(charged | drafted) - {None}).order_by("number", "id")
    nobody: list[Account | None] = [None] if None in charged else []
    return [*nobody, *accounts]


def plan_account(*, terms: Terms, account: Account | None) -> AccountPlan:
    """Plan an account's invoices. Two queries, however many charges."""
    cdrs = {cdr.pk: cdr for cdr in _read(terms, account)}
    if account is None or account.provider_id != terms.provider.pk:
        return AccountPlan(account, cdrs, [], dict(_nobody(terms, cdrs.values(), account)), [])
    made = planner.plan(
        (charges.charge_of(cdr) for cdr in cdrs.values()),
        period=terms.period,
        retail=terms.retail,
        decide_tax=_tax_of(terms, account),
        limits=terms.limits,
    )
    return _without_issued(terms, account, cdrs, made)


def drafts_of_period(terms: Terms) -> QuerySet[Invoice]:
    drafts: QuerySet[Invoice] = Invoice.objects.drafts().filter(**period_of(terms), kind=KIND)
    return drafts


def period_of(terms: Terms) -> dict[str, object]:
    """What finds the invoices of the provider and the period."""
    return {
        "provider": terms.provider,
        "period_start": terms.period.start,
        "period_end": terms.period.end,
    }


def _due(terms: Terms) -> QuerySet[CDR]:
    """Accepted CDRs that may have ended before the period's end (the planner looks exactly)."""
    due: QuerySet[CDR] = CDR.objects.billable().filter(
        provider=terms.provider, ended_at__lt=terms.period.latest_end()
    )
    return due


def _read(terms: Terms, account: Account | None) -> Iterable[CDR]:
    drafted_elsewhere = InvoiceLine.objects.filter(cdr=OuterRef("pk"), is_live=True).exclude(
        invoice__state=Invoice.State.DRAFT,
        invoice__period_start=terms.period.start,
        invoice__period_end=terms.period.end,
        invoice__kind=KIND,
    )
    return (
        _due(terms)
        .filter(~Exists(drafted_elsewhere), account=account)
        .select_related("location")
        .defer(*charges.UNUSED_FIELDS)
    )


def _tax_of(terms: Terms, account: Account) -> planner.DecideTax:
    buyer = charges.buyer_of(account)

    def decide(supplied: Supplied) -> LineTax:
        return decide_charge(supplied, seller=terms.seller, buyer=buyer, rates=terms.rates)

    return decide


def _nobody(
    terms: Terms, cdrs: Iterable[CDR], account: Account | None
) -> Iterator[tuple[UUID, Held]]:
    for cdr in cdrs:
        if terms.period.is_over_on(charges.charge_of(cdr).supplied.local_date):
            continue
        if account is None:
            # The CDR says which token it was.
            yield cdr.pk, Held("ACCOUNT_MISSING", "Whose charge it is is not known.")
        else:
            yield (
                cdr.pk,
                Held(
                    "ACCOUNT_OF_OTHER_PROVIDER",
                    f"Account {account.number} is a customer of {account.provider}, the CDR is "
                    f"charged to {terms.provider}.",
                ),
            )


def _without_issued(
    terms: Terms, account: Account, cdrs: dict[UUID, CDR], made: Plan
) -> AccountPlan:
    """What came after its invoice was issued waits for a later period."""
    issued = set(
        Invoice.objects.issued()
        .filter(**period_of(terms), account=account, kind=KIND)
        .values_list("partition", flat=True)
    )
    late = [invoice for invoice in made.invoices if str(invoice.partition) in issued]
    return AccountPlan(
        account,
        cdrs,
        [invoice for invoice in made.invoices if str(invoice.partition) not in issued],
        made.held,
        [line.charge.id for invoice in late for line in invoice.lines],
    )
