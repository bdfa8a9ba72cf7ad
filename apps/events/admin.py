"""The outbox: what happened, what went out, and what was given up."""

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from apps.core import staff_display
from apps.core.admin import (
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    staff_action,
)
from apps.events.models import Event
from apps.events.replay import replay_event

REPLAY = Question(
    title="Replay this event?",
    text="It is handed over and published again, with the same id. Later events of the same "
    "record have gone ahead.",
)


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pending", "Pending"), ("parked", "Parked"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "pending":
            return queryset.pending()
        if self.value() == "parked":
            return queryset.parked()
        if self.value() == "done":
            return queryset.filter(published_at__isnull=False, handled_at__isnull=False)
        return queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "type", "record", "sequence", "state", "last_error"]
    list_filter = [StateFilter, "type", ("occurred_at", RangeDateTimeFilter)]
    search_fields = ["aggregate_id__exact", "type"]
    ordering = ["-occurred_at", "-id"]
    fields = [
        "type", "record", "aggregate_id", "sequence", "occurred_at", "provider_id", "state",
        "published_at", "handled_at", "attempts", "next_attempt_at", "parked_at", "last_error",
        "told",
    ]  # fmt: skip
    change_form_outer_after_template: Any = None
    actions_detail = ["replay"]

    @admin.display(description="record", ordering="aggregate_type")
    def record(self, event: Event) -> str:
        """Its kind in words, which leads to its page, where there is one."""
        try:
            kind = capfirst(apps.get_model(event.aggregate_type)._meta.verbose_name)
        except (LookupError, ValueError):
            return event.aggregate_type
        try:
            name = event.aggregate_type.replace(".", "_")
            page = reverse(f"admin:{name}_change", args=[event.aggregate_id])
        except NoReverseMatch:
            return kind
        return format_html('<a class="staff-link" href="{}">{}</a>', page, kind)

    @admin.display(description="state")
    def state(self, event: Event) -> str:
        if event.parked_at:
            return staff_display.badge("Parked", "bad")
        if event.published_at and event.handled_at:
            return staff_display.badge("Done", "good")
        return staff_display.badge("Pending")

    @admin.display(description="as CloudEvent")
    def told(self, event: Event) -> str:
        return format_html(
            '<pre class="staff-raw">{}</pre>', json.dumps(event.as_cloud_event(), indent=2)
        )

    @staff_action(
        "Replay", permission="events.replay_event", question=REPLAY, icon="replay",
        when=lambda event: event.parked_at is not None,
    )  # fmt: skip
    def replay(self, request: HttpRequest, event: Event, reason: str) -> str:
        replay_event(event=event, reason=reason)
        return f"{event} goes out again."
