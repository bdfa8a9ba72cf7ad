"""Invoices: to look at, issue, discard and download."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.billing.files import download
from apps.billing.models import Invoice, InvoiceDocument, InvoiceLine, InvoiceVatTotal
from apps.billing.services import discard_draft, issue_each, issue_invoice, make_documents
from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateFilter,
    ReadOnlyAdmin,
    ReadOnlyTabularInline,
    RelatedDropdownFilter,
    staff_action,
    staff_bulk_action,
)

STATES: dict[str, staff_display.Tone] = {"DRAFT": "warning", "ISSUED": "good", "DISCARDED": "calm"}


def find_invoices(invoices: QuerySet[Any], phrase: str) -> QuerySet[Any]:
    """By the beginning of the number, by customer number, or by a part of the name."""
    return invoices.filter(
        Q(number__istartswith=phrase)
        | Q(account__number__iexact=phrase)
        | Q(account__name__icontains=phrase)
    )


def is_draft(invoice: Invoice) -> bool:
    return invoice.state == Invoice.State.DRAFT


class LineInline(ReadOnlyTabularInline):
    model = InvoiceLine
    per_page = 50
    show_change_link = False
    hide_title = True
    ordering = ["position"]
    fields = readonly_fields = ["position", "charged", "station", "energy", "price", "vat", "net"]
    verbose_name_plural = "lines"

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceLine]:
        return super().get_queryset(request).select_related("cdr", "invoice")

    charged = staticmethod(staff_display.local_time("started_at", "time_zone", "start"))
    energy = staticmethod(staff_display.kwh("quantity_kwh"))

    @admin.display(description="charge")
    def station(self, line: InvoiceLine) -> SafeString | str:
        return staff_display.link(line.cdr, line.description)

    @admin.display(description="price per kWh")
    def price(self, line: InvoiceLine) -> str:
        if line.unit_price is None:
            return line.price_basis.replace("_", " ").capitalize()
        return f"{line.invoice.currency} {line.unit_price.normalize():f}"

    @admin.display(description="VAT")
    def vat(self, line: InvoiceLine) -> SafeString:
        return format_html(
            '<span title="{}">{} {} %</span>',
            line.tax_decision.get("explanation", ""), line.vat_category,
            f"{line.vat_rate.normalize():f}",
        )  # fmt: skip

    @admin.display(description="net")
    def net(self, line: InvoiceLine) -> SafeString:
        return staff_display.number(
            staff_display.amounts.display(line.net_amount, line.invoice.currency)
        )


class VatTotalInline(ReadOnlyTabularInline):
    model = InvoiceVatTotal
    show_change_link = False
    hide_title = True
    fields = readonly_fields = ["rate", "net", "vat", "reporting", "note"]
    verbose_name_plural = "VAT per rate"

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceVatTotal]:
        return super().get_queryset(request).select_related("invoice")

    @admin.display(description="category and rate")
    def rate(self, row: InvoiceVatTotal) -> str:
        return f"{row.vat_category} {row.vat_rate.normalize():f} %"

    @admin.display(description="net")
    def net(self, row: InvoiceVatTotal) -> str:
        return staff_display.amounts.display(row.net_amount, row.invoice.currency)

    @admin.display(description="VAT")
    def vat(self, row: InvoiceVatTotal) -> str:
        return staff_display.amounts.display(row.vat_amount, row.invoice.currency)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = [
        "number_or_draft",
        staff_display.badges("state", STATES),
        "provider", staff_display.linked("account"), "period", "partition", "line_count",
        staff_display.money("net_total", description="net"),
        staff_display.money("vat_total", description="VAT"),
        staff_display.money("gross_total", description="gross"),
        "issue_date", "pdf",
    ]  # fmt: skip
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("provider", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        "currency",
        "tax_country",
        ("issue_date", RangeDateFilter),
        ("period_start", RangeDateFilter),
    ]
    list_select_related = ["provider", "account"]
    search_by = find_invoices
    search_help_text = "Invoice number, customer number or customer name"
    ordering = ["-id"]
    actions = ["issue_selected"]
    actions_detail = ["issue", "discard", "make_files"]
    inlines = [VatTotalInline, LineInline]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("number_or_draft", "state_shown"), ("provider_shown", "account_shown"),
                    ("period", "kind"), ("issue_date", "due_date"), "files", "discard_reason",
                ]
            },
        ),
        (
            "Amounts",
            {
                "fields": [
                    ("net_total_shown", "vat_total_shown", "gross_total_shown"),
                    ("partition", "tax_country", "seller_vat_country"), "vat_abroad",
                ]
            },
        ),
        ("As printed", {"fields": ["seller_printed", "buyer_printed"], "classes": ["collapse"]}),
    ]  # fmt: skip

    state_shown = staticmethod(staff_display.badges("state", STATES))
    provider_shown = staticmethod(staff_display.linked("provider"))
    account_shown = staticmethod(staff_display.linked("account"))
    net_total_shown = staticmethod(staff_display.money("net_total", description="net"))
    vat_total_shown = staticmethod(staff_display.money("vat_total", description="VAT"))
    gross_total_shown = staticmethod(staff_display.money("gross_total", description="gross"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [
            "number_or_draft", "state_shown", "provider_shown", "account_shown", "period", "files",
            "net_total_shown", "vat_total_shown", "gross_total_shown", "vat_abroad",
            "seller_printed", "buyer_printed",
        ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        return super().get_queryset(request).select_related("provider", "account")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_view)
        own = re_path(
            r"^(?P<pk>[0-9a-f-]{36})/(?P<format>pdf|xml)/$", view, name="billing_invoice_download"
        )
        return [own, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: Any, format: str) -> HttpResponse:
        """A document as it was stored."""
        invoice = Invoice.objects.filter(pk=pk).first()
        if not self.has_view_permission(request, invoice):
            raise PermissionDenied
        document = InvoiceDocument.objects.filter(invoice=pk, format=format.upper()).first()
        if document is None:
            raise Http404("The document is not made yet; it is made within minutes of issuing.")
        return download(document)

    @admin.display(description="number", ordering="number")
    def number_or_draft(self, invoice: Invoice) -> str:
        return invoice.number or "(draft)"

    @admin.display(description="period", ordering="period_start")
    def period(self, invoice: Invoice) -> str:
        return f"{invoice.period_start:%B %Y}"

    @admin.display(description="PDF")
    def pdf(self, invoice: Invoice) -> SafeString | str:
        if invoice.state != Invoice.State.ISSUED:
            return staff_display.EMPTY
        address = reverse("admin:billing_invoice_download", args=[invoice.pk, "pdf"])
        return format_html(
            '<a class="staff-link" href="{}" aria-label="PDF of {}">PDF</a>', address, invoice
        )

    @admin.display(description="documents")
    def files(self, invoice: Invoice) -> SafeString | str:
        """With their fingerprints."""
        rows = invoice.documents.defer("content")
        if not rows:
            is_coming = invoice.state == Invoice.State.ISSUED
            return "being made; reload in a moment" if is_coming else "when it is issued"
        return staff_display.rows([
            (format_html(
                '<a class="staff-link" href="{}">{}</a>',
                reverse("admin:billing_invoice_download", args=[invoice.pk, row.format.lower()]),
                row.file_name), f"SHA-256 {row.sha256}")
            for row in rows
        ])  # fmt: skip

    @admin.display(description="VAT in the tax country's currency")
    def vat_abroad(self, invoice: Invoice) -> str:
        if invoice.vat_total_in_vat_currency is None or invoice.exchange_rate is None:
            return staff_display.EMPTY
        amount = staff_display.amounts.display(
            invoice.vat_total_in_vat_currency, invoice.vat_currency
        )
        rate = f"{invoice.exchange_rate.normalize():f}"
        return f"{amount} at {rate} ({invoice.exchange_source}, {invoice.exchange_date})"

    @admin.display(description="seller")
    def seller_printed(self, invoice: Invoice) -> SafeString | str:
        return staff_display.rows(list(invoice.seller.items()))

    @admin.display(description="buyer")
    def buyer_printed(self, invoice: Invoice) -> SafeString | str:
        return staff_display.rows(list(invoice.buyer.items()))

    @staff_action(
        "Issue", permission="billing.issue_invoice", icon="verified", when=is_draft,
        question=Question(
            "Issue this invoice",
            "It gets its number and never changes again; its charges are billed.",
            reason="none",
        ),
    )  # fmt: skip
    def issue(self, request: HttpRequest, invoice: Invoice, reason: str) -> str:
        issued = issue_invoice(invoice=invoice, now=timezone.now())
        return f"Invoice {issued.number} is issued; its PDF is being made."

    @staff_action(
        "Discard", permission="billing.discard_invoice", icon="delete_sweep", when=is_draft,
        question=Question(
            "Discard this draft", "Its charges are free for the next run.", danger=True
        ),
    )  # fmt: skip
    def discard(self, request: HttpRequest, invoice: Invoice, reason: str) -> str:
        discard_draft(invoice=invoice, reason=reason, now=timezone.now())
        return "The draft is discarded."

    @staff_action(
        "Make the PDF now", permission="billing.issue_invoice", icon="picture_as_pdf",
        when=lambda invoice: invoice.state == Invoice.State.ISSUED
        and not invoice.documents.exists(),
        question=Question(
            "Make the PDF now", "It is made by itself within minutes; once made, it stays.",
            reason="none",
        ),
    )  # fmt: skip
    def make_files(self, request: HttpRequest, invoice: Invoice, reason: str) -> str:
        make_documents(invoice_id=invoice.pk)
        return f"The PDF of {invoice} is made."

    @staff_bulk_action(
        "Issue the selected drafts", permission="billing.issue_invoice",
        question=Question(
            "Issue the selected drafts",
            "Each gets its number and never changes again; their charges are billed.",
            reason="none",
        ),
    )  # fmt: skip
    def issue_selected(self, request: HttpRequest, invoices: QuerySet[Invoice], reason: str) -> str:
        summary = issue_each(invoices=invoices, now=timezone.now())
        refused = "".join(f" Not issued: {message}" for _, message in summary.refused)
        return f"{len(summary.issued)} invoices are issued.{refused}"
