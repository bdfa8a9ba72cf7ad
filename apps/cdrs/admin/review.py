"""Review rules, and the queue of held CDRs that wait for a person."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
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
from apps.cdrs.services import BulkRejection, accept_held_cdrs, reject_cdrs
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RelatedDropdownFilter,
    StaffModelAdmin,
)
from apps.core.errors import DomainError
from apps.core.paginator import CappedPaginator
from apps.core.staff_actions import ask_then_do

PER_PAGE: Final = 50
REVIEW: Final = "cdrs.review_cdr"
REJECTED: Final = "A rejected CDR stays rejected: we don't owe it. Its operator is told the reason."


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
        """Held CDRs, the oldest first: their reasons and prices; many are accepted or rejected
        with one reason."""
        if not request.user.has_perm("cdrs.view_cdr"):
            raise PermissionDenied
        if request.method == "POST":
            if not request.user.has_perm(REVIEW):
                raise PermissionDenied
            chosen = CDR.objects.filter(pk__in=_ids(request.POST.getlist("cdr")))
            decide = self._reject if "reject" in request.POST else self._accept
            return decide(request, chosen)
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

    def _accept(self, request: HttpRequest, chosen: QuerySet[CDR]) -> HttpResponse:
        try:
            reason = request.POST.get("reason", "")
            count = accept_held_cdrs(cdrs=chosen, reason=reason, now=timezone.now())
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{count} CDRs are accepted.")
        return HttpResponseRedirect(_address(request))

    def _reject(self, request: HttpRequest, chosen: QuerySet[CDR]) -> HttpResponse:
        """First the question with their number and for the reason, then all of them."""
        count = chosen.count()
        if not count:
            messages.error(request, "Choose the CDRs to reject.")
            return HttpResponseRedirect(_address(request))
        shown = chosen.defer("raw", "tariffs", "charging_periods").order_by("ended_at", "id")
        ids = shown.values_list("pk", flat=True)
        title = f"Reject {count} CDR{'s' * (count != 1)}"
        return ask_then_do(
            model_admin=self, request=request, subjects=list(shown[:10]), selected=count,
            question=Question(title=title, text=REJECTED, danger=True),
            do=lambda reason: _told(
                reject_cdrs(cdrs=chosen, reason=reason, now=timezone.now())
            ),
            back=_address(request), keep=[("reject", "1"), *(("cdr", str(pk)) for pk in ids)],
        )  # fmt: skip


def _told(result: BulkRejection) -> str:
    """How many were rejected; those that were left by their names and states."""
    count = result.rejected
    text = f"{count} CDR{' is' if count == 1 else 's are'} rejected."
    if result.left:
        named = ", ".join(
            f"{cdr} ({'deleted' if cdr.deleted_at else cdr.get_status_display()})"
            for cdr in result.left[:10]
        )
        more = f" and {len(result.left) - 10} more" if len(result.left) > 10 else ""
        text += f" Left as they are, because they no longer wait for a decision: {named}{more}."
    return text


def _address(request: HttpRequest) -> str:
    """The queue with its filter."""
    asked = Wanted.of(request.GET).query
    return f"{reverse('admin:cdrs_review_queue')}{asked and '?'}{asked}"


def _ids(texts: list[str]) -> list[UUID]:
    """What was ticked; anything that is no id was not."""
    ids = []
    for text in texts[:PER_PAGE]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids
