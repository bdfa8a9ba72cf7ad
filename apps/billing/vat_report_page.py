"""The staff page of the VAT report: the figures, the documents behind one of them, and the CSV."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from apps.accounts.models import Provider
from apps.billing.periods import Period, PeriodUnreadable
from apps.billing.vat_report import LineKey, ReportLine, documents_of, report_vat
from apps.billing.vat_report_csv import csv_rows
from apps.core.paginator import CappedPaginator

_INPUT = {"class": "staff-input"}


class ReportForm(forms.Form):
    """Whose documents, issued in which months; both months count."""

    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name"), required=False, empty_label="All providers",
        widget=forms.Select(attrs=_INPUT),
    )  # fmt: skip
    first = forms.CharField(
        label="First month", widget=forms.TextInput(attrs={**_INPUT, "type": "month"})
    )
    last = forms.CharField(
        label="Last month", widget=forms.TextInput(attrs={**_INPUT, "type": "month"})
    )

    def clean_first(self) -> Period:
        return _month(self.cleaned_data["first"])

    def clean_last(self) -> Period:
        return _month(self.cleaned_data["last"])

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        first, last = said.get("first"), said.get("last")
        if first and last:
            if last.end <= first.start:
                raise forms.ValidationError("The last month is before the first.")
            said["period"] = Period(first.start, last.end)
        return said


def _month(text: str) -> Period:
    try:
        return Period.of_month(text)
    except PeriodUnreadable as error:
        raise forms.ValidationError(error.message) from None


def _asked(request: HttpRequest) -> ReportForm:
    """What the address asks for; without anything the month before this one."""
    if "first" in request.GET:
        return ReportForm(request.GET)
    this = Period.containing(timezone.now().date())
    before = str(Period.containing(this.start - timedelta(days=1)))
    return ReportForm({"first": before, "last": before, "provider": ""})


def _require_permission(request: HttpRequest) -> None:
    if not request.user.has_perm("billing.view_invoice"):
        raise PermissionDenied


@require_safe
def show_report(request: HttpRequest) -> HttpResponse:
    """The report as a table."""
    _require_permission(request)
    form = _asked(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "VAT report",
        "form": form,
    }
    if form.is_valid():
        provider, period = form.cleaned_data["provider"], form.cleaned_data["period"]
        report = report_vat(provider=provider, start=period.start, end=period.end)
        context |= {
            "report": report,
            "period": period,
            "lines": [(line, _query(form, line)) for line in report.lines],
            "query": _query(form),
        }
    return TemplateResponse(request, "billing/vat_report.html", context)


@require_safe
def show_documents(request: HttpRequest) -> HttpResponse:
    """The documents behind one line."""
    _require_permission(request)
    form, key = _asked(request), _key(request)
    if not form.is_valid() or key is None:
        raise Http404
    period = form.cleaned_data["period"]
    rows = documents_of(
        key, provider=form.cleaned_data["provider"], start=period.start, end=period.end
    )
    page = CappedPaginator(rows, 100).get_page(request.GET.get("p"))
    context = {
        **admin.site.each_context(request),
        "title": "Documents of the VAT report",
        "key": key,
        "line": ReportLine(key, key.currency),
        "period": period,
        "page": page,
        "query": _query(form),
        "line_query": _query(form, ReportLine(key, key.currency)),
    }
    return TemplateResponse(request, "billing/vat_report_documents.html", context)


@require_safe
def download_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The report as a file."""
    _require_permission(request)
    form = _asked(request)
    if not form.is_valid():
        raise Http404
    provider, period = form.cleaned_data["provider"], form.cleaned_data["period"]
    report = report_vat(provider=provider, start=period.start, end=period.end)
    name = (
        f"vat-{provider.slug if provider else 'all'}-{period.start:%Y-%m}-{period.last_day:%Y-%m}"
    )
    return StreamingHttpResponse(
        csv_rows(report, period),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _query(form: ReportForm, line: ReportLine | None = None) -> str:
    asked = {name: form.data.get(name, "") for name in ("provider", "first", "last")}
    return urlencode({**asked, **(line.key._asdict() if line else {})})


def _key(request: HttpRequest) -> LineKey | None:
    said = {name: request.GET.get(name, "") for name in LineKey._fields}
    try:
        return LineKey(**{**said, "rate": Decimal(said["rate"])})  # type: ignore[arg-type]
    except InvalidOperation:
        return None


urlpatterns = [
    path("", admin.site.admin_view(show_report), name="vat-report"),
    path("documents/", admin.site.admin_view(show_documents), name="vat-report-documents"),
    path("csv/", admin.site.admin_view(download_csv), name="vat-report-csv"),
]
