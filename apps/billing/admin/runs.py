"""Invoice runs: started here after a look at what they would come to."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import Provider
from apps.audit.context import current_actor
from apps.billing import tasks
from apps.billing.models import Invoice, InvoiceRun
from apps.billing.periods import Period
from apps.billing.services import RunSummary, run_invoices
from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
)
from apps.core.errors import DomainError
from apps.core.money import display

STATES: dict[str, staff_display.Tone] = {"RUNNING": "info", "FINISHED": "good", "FAILED": "bad"}


_INPUT = {"class": "staff-input"}


class StartRunForm(forms.Form):
    """Whose charges of which month."""

    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name"), widget=forms.Select(attrs=_INPUT)
    )
    period = forms.CharField(
        label="month",
        help_text="For example 2018-08. Earlier charges that wait are billed too.",
        widget=forms.TextInput(attrs={**_INPUT, "type": "month"}),
    )

    def clean_period(self) -> Period:
        try:
            return Period.of_month(self.cleaned_data["period"].strip())
        except DomainError as error:
            raise forms.ValidationError(error.message) from error


@admin.register(InvoiceRun)
class InvoiceRunAdmin(ReadOnlyAdmin):
    list_display = [
        "month", "provider", staff_display.badges("state", STATES), "comes_to", "held", "late",
        "started_at", "ended_at",
    ]  # fmt: skip
    list_filter = [("provider", RelatedDropdownFilter), ("state", ChoicesDropdownFilter)]
    list_select_related = ["provider"]
    ordering = ["-period_start", "-id"]
    fieldsets = [
        (None, {"fields": [("provider", "month"), "state", ("started_at", "ended_at"), "error"]}),
        ("Result", {"fields": ["comes_to", "drafts_left", ("held", "late"), "invoices"]}),
    ]
    readonly_fields = ["month", "comes_to", "drafts_left", "invoices"]
    actions_detail = ["run_again", "issue_all"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("billing.start_run"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Provider and month, then a dry run to look at, then the start."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StartRunForm(request.POST or None)
        rehearsal = None
        if request.method == "POST" and form.is_valid():
            if "start" in request.POST:
                return self._start(request, **form.cleaned_data)
            rehearsal = run_invoices(now=timezone.now(), dry_run=True, **form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "title": "Start an invoice run",
            "opts": self.opts,
            "form": form,
            "rehearsal": rehearsal,
            "turnovers": _turnovers(rehearsal) if rehearsal else [],
            "back": reverse("admin:billing_invoicerun_changelist"),
        }
        return TemplateResponse(request, "billing/start_run.html", context)

    def _start(self, request: HttpRequest, provider: Provider, period: Period) -> HttpResponse:
        tasks.run_invoices.delay(
            str(provider.pk), str(period), tasks.actor_for_task(current_actor())
        )
        messages.success(
            request, f"The run of {provider} for {period} has started; reload to see it finish."
        )
        return HttpResponseRedirect(reverse("admin:billing_invoicerun_changelist"))

    @admin.display(description="month", ordering="period_start")
    def month(self, run: InvoiceRun) -> str:
        return f"{run.period_start:%B %Y}"

    @admin.display(description="comes to")
    def comes_to(self, run: InvoiceRun) -> SafeString | str:
        return staff_display.rows([
            (currency, f"{sums['invoices']} invoices, {sums['lines']} lines, net {sums['net']}, "
             f"VAT {sums['vat']}, gross {sums['gross']}")
            for currency, sums in run.totals.items()
        ])  # fmt: skip

    @admin.display(description="drafts to issue")
    def drafts_left(self, run: InvoiceRun) -> int:
        return run.invoices.filter(state=Invoice.State.DRAFT).count()

    @admin.display(description="invoices")
    def invoices(self, run: InvoiceRun) -> SafeString:
        address = reverse("admin:billing_invoice_changelist")
        return format_html(
            '<a class="staff-link" href="{}?run__id__exact={}">Show its invoices</a>',
            address, run.pk,
        )  # fmt: skip

    @staff_action(
        "Run again", permission="billing.start_run", icon="replay",
        question=Question(
            "Run this month again",
            "Drafts are brought into agreement with the charges; what is issued stays.",
            reason="none",
        ),
    )  # fmt: skip
    def run_again(self, request: HttpRequest, run: InvoiceRun, reason: str) -> str:
        tasks.run_invoices.delay(*_of(run))
        return "The run has started; reload to see it finish."

    @staff_action(
        "Issue all drafts", permission="billing.issue_invoice", icon="verified",
        when=lambda run: run.invoices.filter(state=Invoice.State.DRAFT).exists(),
        question=Question(
            "Issue all drafts of this run",
            "Each gets its number and never changes again; their charges are billed.",
            reason="none",
        ),
    )  # fmt: skip
    def issue_all(self, request: HttpRequest, run: InvoiceRun, reason: str) -> str:
        tasks.issue_invoices.delay(*_of(run))
        return "The drafts are being issued; reload to see them."


def _of(run: InvoiceRun) -> tuple[str, str, dict[str, str]]:
    """A task's arguments: whose run, which month, and who asked."""
    period = Period(run.period_start, run.period_end)
    return str(run.provider_id), str(period), tasks.actor_for_task(current_actor())


def _turnovers(rehearsal: RunSummary) -> list[dict[str, object]]:
    return [
        {
            "currency": currency,
            "invoices": turnover.invoices,
            "lines": turnover.lines,
            "net": display(turnover.net, currency),
            "vat": display(turnover.vat, currency),
            "gross": display(turnover.gross, currency),
        }
        for currency, turnover in rehearsal.totals.items()
    ]
