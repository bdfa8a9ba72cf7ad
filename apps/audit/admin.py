"""The timeline of everything: searched, filtered, read and exported; nothing is changed here."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from apps.audit.export import export_entries
from apps.audit.models import Entry, Seal
from apps.audit.search import find_entries
from apps.audit.story import chapter_of
from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
)


class KindOfRecordFilter(admin.SimpleListFilter):
    """By what the entry is about, without a scan over all entries."""

    title = "kind of record"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = [
            (model._meta.label_lower, str(model._meta.verbose_name).capitalize())
            for model in apps.get_models()
            if hasattr(model, "audit_history")
        ]
        return sorted([*kinds, ("auth.group", "Group")], key=lambda kind: kind[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["recorded_at", "what", "record", "who", "reason", "more"]
    list_display_links = ["recorded_at", "what"]
    list_filter = [
        KindOfRecordFilter,
        ("actor_kind", ChoicesDropdownFilter),
        ("recorded_at", RangeDateTimeFilter),
    ]
    ordering = ["-recorded_at", "-id"]
    search_by = find_entries
    search_help_text = "Id of a record, person, provider or request; name; activity."
    change_list_template = "audit/entries.html"
    fieldsets = [
        (None, {"fields": ["recorded_at", "what", "record", "who", "reason", "changes"]}),
        ("Request", {"fields": ["method", "url", "route", "path", "source_address", "more"]}),
        ("Proof", {"fields": ["id", "object_type", "object_id", "provider_id", "account_id",
                              "hash", "key_id"]}),
    ]  # fmt: skip
    change_form_outer_after_template: Any = None

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export.csv", export, name="audit_entry_export"), *super().get_urls()]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the keys of all people on the page, by one query."""
        changelist = super().get_changelist_instance(request)
        page = list(changelist.result_list.values_list("pk", flat=True))
        Entry.objects.load_keys_of(page)
        return changelist

    @method_decorator(require_safe)
    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows, as CSV; the export is in the trail."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entries = self.get_changelist_instance(request).get_queryset(request)
        lines = export_entries(entries=entries, filters=request.GET.dict())
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit-trail.csv"'
        return response

    @admin.display(description="activity", ordering="activity")
    def what(self, entry: Entry) -> str:
        return entry.activity[:1].upper() + entry.activity[1:]

    @admin.display(description="record")
    def record(self, entry: Entry) -> str:
        """The record's own page, where there is one."""
        app, _, model = entry.object_type.partition(".")
        try:
            page = reverse(f"admin:{app}_{model}_change", args=[entry.object_id])
        except NoReverseMatch:
            return entry.object_label
        return format_html(
            '<a class="staff-link" href="{}">{}</a>', page, entry.object_label or entry.object_id
        )

    @admin.display(description="by", ordering="actor_id")
    def who(self, entry: Entry) -> str:
        """Everything else that this one did."""
        return format_html(
            '<a class="staff-link" href="{}?q={}">{}</a> {}',
            reverse("admin:audit_entry_changelist"), entry.actor_id, entry.actor_label,
            staff_display.badge(entry.get_actor_kind_display()),
        )  # fmt: skip

    @admin.display(description="request")
    def more(self, entry: Entry) -> str:
        """Everything else of the same request."""
        if not entry.request_id:
            return "–"
        page = reverse("admin:audit_entry_changelist")
        return format_html(
            '<a class="staff-link" href="{}?q={}">all of it</a>', page, entry.request_id
        )

    @admin.display(description="before and after")
    def changes(self, entry: Entry) -> SafeString:
        return render_to_string("audit/changes.html", {"chapter": chapter_of(entry)})


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ["number", "sealed_at", "entries_sealed", "hash"]
    ordering = ["-number"]
    change_form_outer_after_template: Any = None

    @admin.display(description="entries", ordering="entries")
    def entries_sealed(self, seal: Seal) -> str:
        return staff_display.number(f"{seal.entries:,}")
