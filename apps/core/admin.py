"""The base of all staff screens; the only module that imports django-unfold."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import helpers, utils
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.contrib.filters.admin import RangeDateFilter as UnfoldRangeDateFilter
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.templatetags import unfold_list
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.core import staff_display
from apps.core.errors import DomainError
from apps.core.job_names import job_name
from apps.core.models import JobRun
from apps.core.paginator import CappedPaginator
from apps.core.staff_actions import Question, ask_then_do, fields_of_selection
from apps.core.stories import story_of

__all__ = [
    "AdminPasswordChangeForm",
    "AutocompleteSelectFilter",
    "BooleanRadioFilter",
    "ChoicesDropdownFilter",
    "Question",
    "RangeDateFilter",
    "RangeDateTimeFilter",
    "ReadOnlyAdmin",
    "RelatedDropdownFilter",
    "StaffModelAdmin",
    "StaffStackedInline",
    "StaffTabularInline",
    "UnfoldAdminCheckboxSelectMultipleWidget",
    "UserChangeForm",
    "UserCreationForm",
    "staff_action",
    "staff_bulk_action",
]

admin.site.index_title = "Overview"


def _label_for_field(*args: Any, **kwargs: Any) -> Any:
    """Django's, with a capital: narrow screens put it before each value, as it is."""
    found = utils.label_for_field(*args, **kwargs)
    return (capfirst(found[0]), found[1]) if isinstance(found, tuple) else capfirst(found)


# Neither has a setting for it. The theme's own capitals (Of Each Word) are off in staff.css.
helpers.label_for_field = unfold_list.label_for_field = _label_for_field  # type: ignore[attr-defined]

CHAPTERS_ON_PAGE = 10
CHAPTERS_OF_STORY = 500


class RangeDateFilter(UnfoldRangeDateFilter):
    """From a day to a day, both with all their hours (UTC) where the field is a moment.

    Unfold's own compares moments with naive midnights, and so leaves out the last day.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name, is_moment = self.parameter_name, isinstance(self.field, DateTimeField)
        if first := self._day("from"):
            start = datetime.combine(first, time.min, UTC) if is_moment else first
            queryset = queryset.filter(**{f"{name}__gte": start})
        if last := self._day("to"):
            after = last + timedelta(days=1)
            end = datetime.combine(after, time.min, UTC) if is_moment else after
            queryset = queryset.filter(**{f"{name}__lt": end})
        return queryset

    def _day(self, side: str) -> date | None:
        """None when nothing was asked for, or what was is no day."""
        try:
            return parse_date(str(self.used_parameters.get(f"{self.parameter_name}_{side}", "")))
        except ValueError:
            return None


class StaffModelAdmin(ModelAdmin):
    """A staff screen: nothing is deleted, lists stay quick, each record tells its story.

    `search_by` takes the place of `search_fields` where an indexed search is at hand:
    `search_by(queryset, phrase) -> queryset`.
    """

    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    paginator = CappedPaginator
    warn_unsaved_form = True
    empty_value_display = staff_display.EMPTY
    change_form_outer_after_template = "core/story_panel.html"
    # Said on an empty list, in place of "There are no …".
    when_empty: ClassVar[str] = ""
    search_by: ClassVar[Callable[[QuerySet[Any], str], QuerySet[Any]] | None] = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Any name makes the search box appear; `search_by` decides what it does."""
        return super().get_search_fields(request) or (("pk",) if self.search_by else ())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        search = type(self).search_by
        if search is None or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        return search(queryset, search_term.strip()), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Without unfold's second count in the header; the foot of the list tells it right."""
        changelist = super().get_changelist_instance(request)
        changelist.full_result_count = changelist.result_count
        return changelist

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Without those that are not for the person, or not for the record (`when`)."""
        actions = super().get_actions_detail(request, object_id)
        actions = [action for action in actions if _may(request, action.method)]
        conditional = [a for a in actions if getattr(a.method, "when", None)]
        record = self.get_object(request, str(object_id)) if conditional else None
        return [a for a in actions if a not in conditional or (record and a.method.when(record))]

    def _filter_actions_by_permissions(self, request: HttpRequest, actions: list[Any]) -> list[Any]:
        allowed = super()._filter_actions_by_permissions(request, actions)
        return [a for a in allowed if _may(request, a[0])]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """What the domain refuses is a message here, and nothing was written."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record = kwargs.get("obj")
        context["story"] = story_of(record, limit=CHAPTERS_ON_PAGE) if record else ()
        # No button that leads to an empty page: entries and events have no story, they are one.
        context["show_history"] = context.get("show_history", True) and bool(context["story"])
        return super().render_change_form(request, context, *args, **kwargs)

    @method_decorator(require_safe)
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The whole story of a record; only to be read."""
        record = self.get_object(request, object_id)
        if record is None:
            raise Http404
        if not self.has_view_or_change_permission(request, record):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {record}",
            "object": record,
            "opts": self.opts,
            "story": story_of(record, limit=CHAPTERS_OF_STORY),
            "limit": CHAPTERS_OF_STORY,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "core/story.html", context)

    # The audit trail has it all; a second, incomplete log would only contradict it.
    def log_addition(self, *args: Any) -> None:
        """Left to the trail."""

    def log_change(self, *args: Any) -> None:
        """Left to the trail."""


def _may(request: HttpRequest, action: Any) -> bool:
    needed = getattr(action, "needs", None)
    return needed is None or request.user.has_perm(needed)


class ReadOnlyAdmin(StaffModelAdmin):
    """A screen of what only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StaffTabularInline(TabularInline):
    """Rows of a related record on its parent's page."""

    extra = 0
    can_delete = False
    show_change_link = True


class ReadOnlyTabularInline(StaffTabularInline):
    """Related rows to look at."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StaffStackedInline(StackedInline):
    """Related records in full on their parent's page."""

    extra = 0
    can_delete = False


def staff_action(
    label: str, *, permission: str, question: Question, icon: str = "bolt",
    when: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[..., str]], Any]:  # fmt: skip
    """A button on a record's page (`actions_detail`), for those with the permission.

    Wraps `(self, request, record, reason) -> message`, which makes one service call. `when`
    says for which records the button is there.
    """

    def decorate(do: Callable[..., str]) -> Any:
        def page(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            record = self.get_object(request, object_id)
            if record is None:
                raise Http404
            meta = self.model._meta
            return ask_then_do(
                model_admin=self, request=request, question=question, subjects=[record],
                do=lambda reason: do(self, request, record, reason),
                back=reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk]),
            )  # fmt: skip

        page.__name__ = page.__qualname__ = do.__name__
        variant = ActionVariant.DANGER if question.danger else ActionVariant.DEFAULT
        button: Any = unfold_action(
            page, description=label, icon=icon, variant=variant,
            url_path=do.__name__.replace("_", "-"),
        )  # fmt: skip
        # Not unfold's `permissions`: its check looks them up before the first migrate.
        button.needs, button.when = permission, when
        return button

    return decorate


def staff_bulk_action(
    label: str, *, permission: str, question: Question
) -> Callable[[Callable[..., str]], Any]:
    """An action on the selected rows of a list (`actions`), for those with the permission.

    Wraps `(self, request, queryset, reason) -> message`, which makes one service call.
    """

    def decorate(do: Callable[..., str]) -> Any:
        def page(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return ask_then_do(
                model_admin=self, request=request, question=question,
                subjects=list(queryset[:10]), selected=queryset.count(),
                do=lambda reason: do(self, request, queryset, reason),
                back=request.get_full_path(), keep=fields_of_selection(request),
            )  # fmt: skip

        page.__name__ = page.__qualname__ = do.__name__
        page.short_description = label  # type: ignore[attr-defined]
        page.needs = permission  # type: ignore[attr-defined]
        return page

    return decorate


class JobFilter(admin.SimpleListFilter):
    """By the job, as people call it; those that have run."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        jobs = JobRun.objects.order_by("job").values_list("job", flat=True).distinct()
        return sorted(((job, job_name(job)) for job in jobs), key=lambda each: each[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(job=self.value()) if self.value() else queryset


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = [
        "job_shown", "started_at", "ended_at",
        staff_display.badges("outcome", {"SUCCEEDED": "good", "FAILED": "bad", "RUNNING": "info"}),
        "done",
    ]  # fmt: skip
    list_filter = [JobFilter, ("outcome", ChoicesDropdownFilter), ("started_at", RangeDateFilter)]
    ordering = ["-started_at"]
    fields = ["job_shown", "started_at", "ended_at", "outcome", "done", "error"]

    @admin.display(description="job", ordering="job")
    def job_shown(self, run: JobRun) -> str:
        return job_name(run.job)

    @admin.display(description="what was done")
    def done(self, run: JobRun) -> str:
        return run.in_words()
