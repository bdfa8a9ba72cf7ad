"""Review rules, and the queue of held CDRs that wait for a person."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from apps.cdrs.admin.queue import (
    Wanted,
    count_reasons,
    held_cdrs,
    parties_of_queue,
    show_row,
)
from apps.cdrs.models import CDR, ReviewRule
from apps.cdrs.services import accept_held_cdrs
from apps.core.admin import ChoicesDropdownFilter, RelatedDropdownFilter, StaffModelAdmin
from apps.core.errors import DomainError
from apps.core.paginator import CappedPaginator

PER_PAGE: Final = 50
REVIEW: Final = "cdrs.review_cdr"


@admin.register(ReviewRule)
class ReviewRuleAdmin(StaffModelAdmin):
    list_display = [
        "name", "when_clean", "when_odd", "tolerance_amount", "tolerance_percent", "needs_price",
        "refuses_overlap",
    ]  # fmt: skip
    list_filter = [
        ("provider", RelatedDropdownFilter), ("operator", RelatedDropdownFilter),
        ("when_clean", ChoicesDropdownFilter), ("when_odd", ChoicesDropdownFilter),
    ]  # fmt: skip
    list_select_related = ["provider", "operator"]
    search_fields = ["provider__name", "operator__name"]
    autocomplete_fields = ["provider", "operator"]
    ordering = ["provider__name", "operator__name"]
    fieldsets = [
        ("For the CDRs of", {"fields": [("provider", "operator")]}),
        ("What becomes of them", {"fields": [("when_clean", "when_odd")]}),
        ("Price", {"fields": [("tolerance_amount", "tolerance_percent"), "needs_price"]}),
        (
            "Bounds",
            {
                "fields": [
                    ("min_minutes", "max_minutes"), ("min_kwh", "max_kwh"),
                    ("min_cost", "max_cost"), "power_tolerance_percent", "refuses_overlap",
                ]
            },
        ),
    ]  # fmt: skip

    @admin.display(description="rule", ordering="provider__name")
    def name(self, rule: ReviewRule) -> str:
        return str(rule)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.queue)
        return [path("queue/", view, name="cdrs_review_queue"), *super().get_urls()]

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Held CDRs, the oldest first: their reasons and prices; many accepted with one reason."""
        if not request.user.has_perm("cdrs.view_cdr"):
            raise PermissionDenied
        if request.method == "POST":
            return self._accept(request)
        wanted = Wanted.of(request.GET)
        pages: Paginator[Any] = CappedPaginator(
            wanted.among(held_cdrs())
            .select_related("operator", "provider")
            .defer("raw", "tariffs", "charging_periods", "search_text")
            .order_by("ended_at", "id"),
            PER_PAGE,
        )
        page = pages.get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": "CDRs to review",
            "opts": CDR._meta,
            "page": page,
            "rows": [show_row(cdr) for cdr in page],
            "may_review": request.user.has_perm(REVIEW),
            "reasons": count_reasons(),
            "parties": parties_of_queue(),
            "wanted": wanted,
        }
        return TemplateResponse(request, "cdrs/review_queue.html", context)

    def _accept(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(REVIEW):
            raise PermissionDenied
        try:
            chosen = CDR.objects.filter(pk__in=_ids(request.POST.getlist("cdr")))
            reason = request.POST.get("reason", "")
            count = accept_held_cdrs(cdrs=chosen, reason=reason, now=timezone.now())
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{count} CDRs are accepted.")
        asked = Wanted.of(request.GET).query
        return HttpResponseRedirect(f"{reverse('admin:cdrs_review_queue')}{asked and '?'}{asked}")


def _ids(texts: list[str]) -> list[UUID]:
    """What was ticked; anything that is no id was not."""
    ids = []
    for text in texts[:PER_PAGE]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids
