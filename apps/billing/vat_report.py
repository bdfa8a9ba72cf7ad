"""What a provider has to declare: the VAT of its issued documents per return, country and rate.

The figures are the documents' own VAT totals, added up, so the report is their sum to the cent.
A document counts in the month of its issue date. Amounts of different currencies are never
added; the VAT is also given in the currency in which the country takes it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Provider
from apps.billing.models import Invoice, InvoiceVatTotal
from apps.core.money import quantize

RETURNS: Final = {
    "domestic": "Domestic return",
    "local_registration": "Return in that country",
    "union_oss": "Union one-stop shop",
    "": "No tax owed by the seller",
}


class LineKey(NamedTuple):
    """What a line of the report is about; `tax_country` is empty outside the scope of VAT."""

    reporting: str
    tax_country: str
    category: str
    rate: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ReportedTotal:
    """The VAT total of one category and rate of one document, VAT also in the VAT currency."""

    key: LineKey
    invoice_id: UUID
    net: Decimal
    vat: Decimal
    vat_currency: str
    vat_in_vat_currency: Decimal


@dataclass(slots=True)
class ReportLine:
    """A sum over documents, in minor units of the key's currency."""

    key: LineKey
    vat_currency: str
    documents: int = 0
    net: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    vat_in_vat_currency: Decimal = Decimal(0)

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat

    @property
    def return_name(self) -> str:
        return RETURNS.get(self.key.reporting, self.key.reporting)

    def add(self, total: ReportedTotal) -> None:
        self.documents += 1
        self.net += total.net
        self.vat += total.vat
        self.vat_in_vat_currency += total.vat_in_vat_currency


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """All lines of one currency together."""

    currency: str
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class VatReport:
    """The lines, by return, country, category and rate, and the sum of each currency."""

    lines: tuple[ReportLine, ...]
    sums: tuple[CurrencySum, ...]


def report_vat(*, provider: Provider | None, start: date, end: date) -> VatReport:
    """The report of documents issued from `start` up to and without `end`; of all providers when
    it is None. One query, streamed."""
    return add_up(_totals(issued_between(provider=provider, start=start, end=end)))


def issued_between(*, provider: Provider | None, start: date, end: date) -> QuerySet[Invoice]:
    """The documents that the report is about."""
    issued: QuerySet[Invoice] = (
        Invoice.objects.issued()
        .of_provider(provider)
        .filter(issue_date__gte=start, issue_date__lt=end)
    )
    return issued


def documents_of(
    key: LineKey, *, provider: Provider | None, start: date, end: date
) -> QuerySet[InvoiceVatTotal]:
    """The VAT totals behind one line, by document number."""
    rows: QuerySet[InvoiceVatTotal] = InvoiceVatTotal.objects.filter(
        invoice__in=issued_between(provider=provider, start=start, end=end),
        invoice__currency=key.currency,
        invoice__tax_country=key.tax_country,
        reporting=key.reporting,
        vat_category=key.category,
        vat_rate=key.rate,
    )
    return rows.select_related("invoice", "invoice__account").order_by("invoice__number")


def add_up(totals: Iterable[ReportedTotal]) -> VatReport:
    """The same in pure: totals in, lines and sums out."""
    lines: dict[tuple[LineKey, str], ReportLine] = {}
    for total in totals:
        at = (total.key, total.vat_currency)
        if at not in lines:
            lines[at] = ReportLine(total.key, total.vat_currency)
        lines[at].add(total)
    ordered = tuple(line for _, line in sorted(lines.items(), key=lambda item: _order(item[0])))
    return VatReport(ordered, tuple(_sums(ordered)))


def _order(at: tuple[LineKey, str]) -> tuple[object, ...]:
    key, vat_currency = at
    place = list(RETURNS).index(key.reporting) if key.reporting in RETURNS else len(RETURNS)
    return (place, key.tax_country, key.category, -key.rate, key.currency, vat_currency)


def _sums(lines: Iterable[ReportLine]) -> Iterator[CurrencySum]:
    by_currency = sorted(lines, key=lambda line: line.key.currency)
    for currency, group in groupby(by_currency, key=lambda line: line.key.currency):
        members = list(group)
        yield CurrencySum(
            currency, sum((m.net for m in members), Decimal(0)),
            sum((m.vat for m in members), Decimal(0)),
        )  # fmt: skip


def _totals(invoices: QuerySet[Invoice]) -> Iterator[ReportedTotal]:
    rows = (
        InvoiceVatTotal.objects.filter(invoice__in=invoices)
        .select_related("invoice")
        .only(
            "reporting", "vat_category", "vat_rate", "net_amount", "vat_amount",
            "invoice__currency", "invoice__tax_country", "invoice__vat_currency",
            "invoice__vat_total_in_vat_currency", "invoice__exchange_rate",
        )
        .order_by("invoice_id", "-vat_rate", "vat_category")
    )  # fmt: skip
    for _, group in groupby(rows.iterator(chunk_size=2000), key=lambda row: row.invoice_id):
        yield from _of_invoice(list(group))


def _of_invoice(rows: list[InvoiceVatTotal]) -> Iterator[ReportedTotal]:
    """The document states its VAT in the VAT currency as a whole; the last rate takes the odd
    unit, so that the parts add up to what was stated."""
    invoice = rows[0].invoice
    left = invoice.vat_total_in_vat_currency
    for position, row in enumerate(rows, start=1):
        vat = quantize(row.vat_amount, invoice.currency)
        if left is None or invoice.exchange_rate is None:
            vat_currency, stated = invoice.currency, vat
        else:
            vat_currency = invoice.vat_currency
            share = quantize(vat * invoice.exchange_rate, vat_currency)
            stated = quantize(left, vat_currency) if position == len(rows) else share
            left -= stated
        yield ReportedTotal(
            key=LineKey(
                row.reporting, invoice.tax_country, row.vat_category, row.vat_rate.normalize(),
                invoice.currency,
            ),
            invoice_id=invoice.pk,
            net=quantize(row.net_amount, invoice.currency),
            vat=vat,
            vat_currency=vat_currency,
            vat_in_vat_currency=stated,
        )  # fmt: skip
