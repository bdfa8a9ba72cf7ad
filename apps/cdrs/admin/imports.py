"""Imports of files, and the rows that were refused or held."""

from typing import Final
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.cdrs.admin import tables
from apps.cdrs.models import CdrImport, ImportFinding
from apps.core import staff_display
from apps.core.admin import ChoicesDropdownFilter, ReadOnlyAdmin, RelatedDropdownFilter

TONES: Final[dict[str, staff_display.Tone]] = {
    "FINISHED": "good",
    "RUNNING": "info",
    "FAILED": "bad",
}
SHOWN: Final = 100


@admin.register(CdrImport)
class CdrImportAdmin(ReadOnlyAdmin):
    list_display = [
        "file_name", "provider", staff_display.badges("state", TONES), "started_at", "rows",
        "created", "unchanged", "held", "refused",
    ]  # fmt: skip
    list_filter = [("provider", RelatedDropdownFilter), ("state", ChoicesDropdownFilter)]
    list_select_related = ["provider"]
    search_fields = ["file_name"]
    ordering = ["-started_at"]
    fields = [
        ("file_name", "state"), ("provider", "mapping_name"), ("started_at", "ended_at"),
        ("rows", "created", "unchanged"), ("held", "refused"), "error", "summary", "findings",
        "file_sha256",
    ]  # fmt: skip
    readonly_fields = ["summary", "findings"]

    @admin.display(description="by reason")
    def summary(self, cdr_import: CdrImport) -> SafeString | str:
        rows = (
            cdr_import.findings.values_list("outcome", "code")
            .annotate(rows=Count("pk"))
            .order_by("outcome", "-rows")
        )
        body = [(code, outcome.title(), count) for outcome, code, count in rows]
        if not body:
            return "Every row was read, and nothing is odd."
        return tables.table(["reason", "outcome", "rows"], body)

    @admin.display(description="refused and held rows")
    def findings(self, cdr_import: CdrImport) -> SafeString | str:
        rows = cdr_import.findings.select_related("cdr").order_by("line", "id")[:SHOWN]
        body = [
            (
                f"line {one.line}",
                one.get_outcome_display(),
                one.message,
                staff_display.link(one.cdr),
            )
            for one in rows
        ]
        if not body:
            return staff_display.EMPTY
        address = reverse("admin:cdrs_importfinding_changelist")
        query = urlencode({"cdr_import__id__exact": cdr_import.pk})
        return format_html(
            '{}<p><a class="staff-link" href="{}?{}">All refused and held rows</a></p>',
            tables.table(["line", "outcome", "reason", "CDR"], body), address, query,
        )  # fmt: skip


@admin.register(ImportFinding)
class ImportFindingAdmin(ReadOnlyAdmin):
    list_display = ["line", "outcome", "message", "code", "cdr_linked", "cdr_import"]
    list_display_links = ["line"]
    list_filter = [
        ("outcome", ChoicesDropdownFilter), "code", ("cdr_import", RelatedDropdownFilter),
    ]  # fmt: skip
    list_select_related = ["cdr", "cdr_import"]
    search_fields = ["message"]
    ordering = ["cdr_import", "line", "id"]
    fields = ["cdr_import", "line", "outcome", "message", "code", "cdr_linked"]
    readonly_fields = ["cdr_linked"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Reached from its import; no entry of its own in the index."""
        return False

    @admin.display(description="CDR")
    def cdr_linked(self, finding: ImportFinding) -> SafeString | str:
        return staff_display.link(finding.cdr)
