"""Other content that came under the id of a CDR that we have."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.cdrs.admin import tables
from apps.cdrs.models import CdrConflict
from apps.cdrs.services import resolve_conflict
from apps.core import staff_display
from apps.core.admin import Question, ReadOnlyAdmin, staff_action

_RESOLVE = Question(
    "Close this conflict",
    "Our CDR stays as it is. Say what came of it: who was asked, and what they answered.",
)


@admin.register(CdrConflict)
class CdrConflictAdmin(ReadOnlyAdmin):
    list_display = ["cdr_linked", "received_at", "what_differs", "source", "provider", "state"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), "source"]
    list_select_related = ["cdr", "provider"]
    search_fields = ["cdr__cdr_id"]
    ordering = ["-received_at"]
    actions_detail = ["resolve"]
    fields = [
        "cdr_linked", ("received_at", "source", "provider"), "state", "resolution", "compared",
        "ours", "sent",
    ]  # fmt: skip
    readonly_fields = ["cdr_linked", "state", "compared", "ours", "sent"]

    @admin.display(description="CDR", ordering="cdr__cdr_id")
    def cdr_linked(self, conflict: CdrConflict) -> SafeString | str:
        return staff_display.link(conflict.cdr)

    @admin.display(description="what differs")
    def what_differs(self, conflict: CdrConflict) -> str:
        return ", ".join(one["field"] for one in conflict.differences) or staff_display.EMPTY

    @admin.display(description="state", ordering="resolved_at")
    def state(self, conflict: CdrConflict) -> SafeString:
        if conflict.resolved_at:
            return staff_display.badge("Closed", "good")
        return staff_display.badge("Open", "warning")

    @admin.display(description="differences")
    def compared(self, conflict: CdrConflict) -> SafeString | str:
        rows: list[tuple[Any, ...]] = [
            (one["field"], one["ours"], one["sent"]) for one in conflict.differences
        ]
        return tables.table(["field", "ours", "sent"], rows) if rows else staff_display.EMPTY

    @admin.display(description="our message")
    def ours(self, conflict: CdrConflict) -> SafeString | str:
        return tables.message(conflict.cdr.raw, "Show the message that we have")

    @admin.display(description="refused message")
    def sent(self, conflict: CdrConflict) -> SafeString | str:
        return tables.message(conflict.raw, "Show the message that was refused")

    @staff_action(
        "Close", permission="cdrs.change_cdrconflict", question=_RESOLVE, icon="task_alt",
        when=lambda conflict: conflict.resolved_at is None,
    )  # fmt: skip
    def resolve(self, request: HttpRequest, conflict: CdrConflict, reason: str) -> str:
        resolve_conflict(conflict=conflict, resolution=reason, now=timezone.now())
        return "The conflict is closed."
