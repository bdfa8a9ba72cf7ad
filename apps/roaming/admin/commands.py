"""Commands that we sent, with their answers and results."""

from django.contrib import admin

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
)
from apps.roaming.models import Authorization, SentCommand

TONES: dict[str, staff_display.Tone] = {
    "SENT": "info", "ACCEPTED": "info", "REFUSED": "bad", "UNKNOWN": "warning", "RESULTED": "good",
}  # fmt: skip


@admin.register(SentCommand)
class SentCommandAdmin(ReadOnlyAdmin):
    list_display = [
        "sent_at", "peer", "command", staff_display.badges("state", TONES), "response", "result",
        "deadline",
    ]  # fmt: skip
    list_filter = [
        ("peer", RelatedDropdownFilter), "command", ("state", ChoicesDropdownFilter),
        ("sent_at", RangeDateTimeFilter),
    ]  # fmt: skip
    list_select_related = ["peer"]
    search_fields = ["reference__exact", "correlation_id__exact"]
    ordering = ["-sent_at"]


@admin.register(Authorization)
class AuthorizationAdmin(ReadOnlyAdmin):
    list_display = ["answered_at", "peer", "token", "allowed", "location_id", "reference"]
    list_filter = [("peer", RelatedDropdownFilter), ("answered_at", RangeDateTimeFilter)]
    list_select_related = ["peer", "token"]
    search_fields = ["reference__exact", "token__contract_id"]
    ordering = ["-answered_at"]
