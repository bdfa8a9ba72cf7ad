"""Invoices as partners see them: amounts as text with their currency, parties as printed."""

from typing import Any

from rest_framework import serializers

from apps.billing.models import Invoice, InvoiceDocument, InvoiceLine, InvoiceVatTotal


class LineOutput(serializers.ModelSerializer[InvoiceLine]):
    cdr = serializers.UUIDField(source="cdr_id", allow_null=True)

    class Meta:
        model = InvoiceLine
        fields = [
            "position", "cdr", "description", "started_at", "ended_at", "time_zone",
            "quantity_kwh", "unit_price", "net_amount", "vat_category", "vat_rate",
        ]  # fmt: skip


class VatTotalOutput(serializers.ModelSerializer[InvoiceVatTotal]):
    class Meta:
        model = InvoiceVatTotal
        fields = ["vat_category", "vat_rate", "net_amount", "vat_amount", "note", "vatex"]


class DocumentOutput(serializers.ModelSerializer[InvoiceDocument]):
    class Meta:
        model = InvoiceDocument
        fields = ["format", "file_name", "sha256"]


class InvoiceListItem(serializers.ModelSerializer[Invoice]):
    account = serializers.CharField(source="account.number", help_text="Customer number.")
    provider = serializers.SlugField(source="provider.slug")

    class Meta:
        model = Invoice
        fields = [
            "id", "number", "provider", "account", "kind", "period_start", "period_end",
            "issue_date", "due_date", "currency", "tax_country", "net_total", "vat_total",
            "gross_total", "line_count",
        ]  # fmt: skip


class InvoiceDetail(InvoiceListItem):
    lines = serializers.SerializerMethodField()
    vat_totals = VatTotalOutput(many=True)
    documents = serializers.SerializerMethodField()

    class Meta(InvoiceListItem.Meta):
        fields = [
            *InvoiceListItem.Meta.fields, "seller", "buyer", "vat_currency",
            "vat_total_in_vat_currency", "exchange_rate", "exchange_date", "vat_totals", "lines",
            "documents",
        ]  # fmt: skip

    def get_lines(self, invoice: Invoice) -> list[dict[str, Any]]:
        return list(LineOutput(invoice.lines.order_by("position"), many=True).data)

    def get_documents(self, invoice: Invoice) -> list[dict[str, Any]]:
        return list(DocumentOutput(invoice.documents.defer("content"), many=True).data)
