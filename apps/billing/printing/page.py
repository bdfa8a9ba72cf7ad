"""What the invoice's page shows, every value as it is printed."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.billing.models import BrandLogo, Invoice, InvoiceLine, InvoiceVatTotal
from apps.billing.periods import Period
from apps.billing.printing import colours
from apps.billing.printing.annex import Block, Row, blocks
from apps.billing.printing.formats import Formats
from apps.billing.printing.labels import Labels, labels_of, language_of
from apps.core.money import ZERO
from apps.vat.iso_countries import country_name

# More lines than this go to an annex.
LINES_ON_PAGE: Final = 40


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what stands behind it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """One line of the VAT table."""

    rate: str
    net: str
    vat: str
    note: str


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """Everything the template needs; it formats nothing itself."""

    language: str
    words: Labels
    number: str
    title: str
    author: str
    brand: str
    brand_colour: str
    brand_tint: str
    logo: str
    seller_lines: list[str]
    seller_facts: list[Fact]
    buyer_lines: list[str]
    facts: list[Fact]
    amount_due: str
    pay_until: str
    rows: list[Row]
    heading: Row
    summary: str
    annex: list[Block]
    annex_of: str
    local_times: str
    rates: list[RateRow]
    net: str
    vat: str
    gross: str
    vat_in_currency: str
    notes: list[str]
    payment_text: str
    payment_facts: list[Fact]
    contact: str
    footer: str


def page_of(invoice: Invoice) -> InvoicePage:
    """The page of an issued invoice, from its own snapshot. Three queries."""
    lines: Sequence[InvoiceLine] = list(invoice.lines.order_by("position"))
    vat_totals: Sequence[InvoiceVatTotal] = list(invoice.vat_totals.order_by("-vat_rate"))
    return _Writer(invoice, lines, vat_totals).page()


class _Writer:
    """Writes one invoice in its buyer's language."""

    def __init__(
        self,
        invoice: Invoice,
        lines: Sequence[InvoiceLine],
        vat_totals: Sequence[InvoiceVatTotal],
    ) -> None:
        self.invoice = invoice
        self.lines = lines
        self.vat_totals = vat_totals
        self.seller: dict[str, Any] = invoice.seller
        self.buyer: dict[str, Any] = invoice.buyer
        self.language = language_of(self.buyer["language"])
        self.words = labels_of(self.language)
        self.formats = Formats(self.language)

    def page(self) -> InvoicePage:
        invoice, words = self.invoice, self.words
        rows = [self._row(line) for line in self.lines]
        has_annex = len(rows) > LINES_ON_PAGE
        heading = self._heading()
        return InvoicePage(
            language=self.language,
            words=words,
            number=invoice.number or "",
            title=f"{words.invoice} {invoice.number}",
            author=self.seller["legal_name"],
            brand=self.seller["name"],
            brand_colour=colours.on_white(self.seller["brand_colour"]),
            brand_tint=colours.tint(self.seller["brand_colour"]),
            logo=_logo(self.seller["logo_sha256"]),
            seller_lines=[self.seller["legal_name"], *self._address(self.seller)],
            seller_facts=self._seller_facts(),
            buyer_lines=[self.buyer["name"], *self._address(self.buyer)],
            facts=self._facts(),
            amount_due=self._money(invoice.gross_total),
            pay_until=self._pay_until(),
            rows=[] if has_annex else rows,
            heading=heading,
            summary=self._summary() if has_annex else "",
            annex=list(blocks(rows, heading=heading)) if has_annex else [],
            annex_of=words.annex_of.format(number=invoice.number),
            local_times=words.local_times.format(currency=invoice.currency),
            rates=[self._rate_row(row) for row in self.vat_totals],
            net=self._money(invoice.net_total),
            vat=self._money(invoice.vat_total),
            gross=self._money(invoice.gross_total),
            vat_in_currency=self._vat_in_currency(),
            notes=list(dict.fromkeys(row.note for row in self.vat_totals if row.note)),
            payment_text=self._payment_text(),
            payment_facts=self._payment_facts(),
            contact=self.seller["email"],
            footer=self._footer(),
        )

    def _money(self, amount: Decimal) -> str:
        return self.formats.money(amount, self.invoice.currency)

    def _address(self, party: dict[str, Any]) -> list[str]:
        """The country only where mail crosses a border."""
        town = " ".join(part for part in (party["postcode"], party["city"]) if part)
        is_abroad = self.seller["country"] != self.buyer["country"]
        country = (country_name(party["country"]) or party["country"]) if is_abroad else ""
        return [line for line in (party["street"], town, country) if line]

    def _seller_facts(self) -> list[Fact]:
        return _filled(
            Fact(self.words.vat_number, self.seller["vat_number"]),
            Fact(self.words.company_number, self.seller["company_number"]),
        )

    def _facts(self) -> list[Fact]:
        invoice, words = self.invoice, self.words
        period = Period(invoice.period_start, invoice.period_end)
        # A late charge began before the period; the invoice says so.
        first = min((_first_day(line) for line in self.lines), default=period.start)
        return _filled(
            Fact(words.invoice_number, invoice.number or ""),
            Fact(words.invoice_date, self._day(invoice.issue_date)),
            Fact(words.due_date, self._day(invoice.due_date)),
            Fact(
                words.period,
                f"{self._day(min(first, period.start))} – {self._day(period.last_day)}",
            ),
            Fact(words.customer_number, self.buyer["number"]),
            Fact(words.your_vat_id, self.buyer["vat_id"]),
        )

    def _day(self, day: date | None) -> str:
        return self.formats.day(day) if day else ""

    def _pay_until(self) -> str:
        if self.invoice.gross_total <= 0:
            return ""
        return self.words.pay_until.format(date=self._day(self.invoice.due_date))

    def _heading(self) -> Row:
        words = self.words
        return Row(
            "#", words.when, words.station, words.energy, words.price, words.vat,
            f"{words.net} ({self.invoice.currency})",
        )  # fmt: skip

    def _row(self, line: InvoiceLine) -> Row:
        credit = self.words.credit if line.net_amount < 0 else ""
        return Row(
            position=str(line.position),
            when=self.formats.moment(line.started_at, line.time_zone) if line.started_at else "",
            station=f"{credit}{line.description}",
            energy=self.formats.energy(line.quantity_kwh) if line.quantity_kwh is not None else "",
            price=self._price(line),
            vat=self._rate(line.vat_category, line.vat_rate, short=True),
            net=self.formats.amount(line.net_amount, self.invoice.currency),
        )

    def _price(self, line: InvoiceLine) -> str:
        if line.unit_price is None:
            return "–"
        return self.formats.price(line.unit_price, self.invoice.currency)

    def _summary(self) -> str:
        count = len(self.lines)
        words = self.words
        sessions = words.sessions_one if count == 1 else words.sessions_many.format(count=count)
        energy = sum((line.quantity_kwh or ZERO for line in self.lines), ZERO)
        return words.see_annex.format(sessions=sessions, energy=self.formats.energy(energy))

    def _rate(self, category: str, rate: Decimal, *, short: bool = False) -> str:
        special = {
            "AE": self.words.reverse_charge,
            "O": self.words.outside_scope,
            "E": self.words.exempt,
        }
        if category not in special:
            return self.formats.percent(rate)
        return category if short else special[category]

    def _rate_row(self, row: InvoiceVatTotal) -> RateRow:
        return RateRow(
            rate=self._rate(row.vat_category, row.vat_rate),
            net=self._money(row.net_amount),
            vat=self._money(row.vat_amount),
            note=row.note,
        )

    def _vat_in_currency(self) -> str:
        invoice = self.invoice
        if invoice.vat_total_in_vat_currency is None or invoice.exchange_rate is None:
            return ""
        return self.words.vat_in_currency.format(
            currency=invoice.vat_currency,
            amount=self.formats.amount(invoice.vat_total_in_vat_currency, invoice.vat_currency),
            from_currency=invoice.currency,
            rate=self.formats.number(invoice.exchange_rate, digits=6),
            source=invoice.exchange_source,
            date=self._day(invoice.exchange_date),
        )

    def _payment_text(self) -> str:
        invoice, words = self.invoice, self.words
        if invoice.gross_total <= 0:
            return words.nothing_to_pay
        terms = words.payment_terms if self.seller["iban"] else words.payment_terms_no_account
        return terms.format(
            amount=self._money(invoice.gross_total),
            date=self._day(invoice.due_date),
            number=invoice.number,
        )

    def _payment_facts(self) -> list[Fact]:
        if self.invoice.gross_total <= 0 or not self.seller["iban"]:
            return []
        iban = self.seller["iban"].replace(" ", "")
        return _filled(
            Fact("IBAN", " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))),
            Fact("BIC", self.seller["bic"]),
            Fact(self.words.account_holder, self.seller["legal_name"]),
            Fact(self.words.reference, self.invoice.number or ""),
        )

    def _footer(self) -> str:
        facts = (f"{fact.label} {fact.value}" for fact in self._seller_facts())
        parts = [self.seller["legal_name"], ", ".join(self._address(self.seller)), *facts]
        return " · ".join(part for part in parts if part)


def _first_day(line: InvoiceLine) -> date:
    """The station-local day on which a line's charging began."""
    assert line.started_at is not None  # noqa: S101 - every line is a charge
    return line.started_at.astimezone(ZoneInfo(line.time_zone)).date()


def _filled(*facts: Fact) -> list[Fact]:
    return [fact for fact in facts if fact.value]


def _logo(sha256: str) -> str:
    """The logo as it was, as a data: URL; empty without one."""
    kept = BrandLogo.objects.filter(sha256=sha256).first() if sha256 else None
    if kept is None:
        return ""
    content = base64.b64encode(bytes(kept.content)).decode()
    return f"data:{kept.media_type};base64,{content}"
