"""`/api/v1/invoices/`: a provider reads its issued invoices and their files."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request

from apps.billing.api.filters import InvoiceFilter
from apps.billing.api.renderers import AnyMediaType
from apps.billing.api.showing import InvoiceDetail, InvoiceListItem
from apps.billing.files import download
from apps.billing.models import Invoice, InvoiceDocument
from apps.cdrs.api.visibility import provider_of
from apps.core.errors import NotFound
from apps.core.keyset import KeysetPagination
from apps.core.problems import ProblemSerializer


class DocumentNotMade(NotFound):
    """The invoice is issued, its file comes within minutes."""

    code = "DOCUMENT_NOT_MADE"


@extend_schema_view(
    list=extend_schema(operation_id="invoices_search", responses=InvoiceListItem(many=True)),
    retrieve=extend_schema(responses={200: InvoiceDetail, 404: ProblemSerializer}),
)
class InvoiceViewSet(viewsets.ReadOnlyModelViewSet[Invoice]):
    """Issued invoices with their lines, VAT and files; they never change."""

    serializer_class = InvoiceDetail
    pagination_class = KeysetPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = InvoiceFilter
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    required_scopes = {"GET": "invoices:read"}
    default_sort = "-issued_at"
    sortable_fields = ("issued_at", "issue_date", "number", "gross_total", "due_date", "id")

    def get_queryset(self) -> QuerySet[Invoice]:
        """A provider's own; a roaming peer has none."""
        provider = None if getattr(self, "swagger_fake_view", False) else provider_of(self.request)
        if provider is None:
            return Invoice.objects.none()
        issued: QuerySet[Invoice] = Invoice.objects.issued().of_provider(provider)
        return issued.select_related("account", "provider")

    def get_serializer_class(self) -> type[InvoiceListItem]:
        return InvoiceListItem if self.action == "list" else InvoiceDetail

    @extend_schema(
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 404: ProblemSerializer}
    )
    @action(detail=True, methods=["get"], renderer_classes=[AnyMediaType])
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        """The PDF/A-3 as it was stored; its ETag is its SHA-256."""
        return _stored(self.get_object(), InvoiceDocument.Format.PDF)

    @extend_schema(
        responses={(200, "application/xml"): OpenApiTypes.BINARY, 404: ProblemSerializer}
    )
    @action(detail=True, methods=["get"], renderer_classes=[AnyMediaType])
    def xml(self, request: Request, pk: str) -> HttpResponse:
        """The EN 16931 invoice (CII), the same that is embedded in the PDF."""
        return _stored(self.get_object(), InvoiceDocument.Format.XML)


def _stored(invoice: Any, format: InvoiceDocument.Format) -> HttpResponse:
    document = invoice.documents.filter(format=format).first()
    if document is None:
        raise DocumentNotMade(f"The {format.label} of {invoice} is not made yet; ask again soon.")
    return download(document)
