"""Commands that we sent, with their answers and results; and what can be asked of stations."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
)
from apps.roaming.admin.exchanges import messages_of, shown_json
from apps.roaming.admin.station_pages import choice_page, request_page
from apps.roaming.models import Authorization, SentCommand
from apps.roaming.ocpi.commands import Command
from apps.roaming.services.charging import cancel_reservation
from apps.roaming.services.finding import way_of

ASK = "roaming.ask_stations"
TONES: dict[str, staff_display.Tone] = {
    "SENT": "info", "ACCEPTED": "info", "REFUSED": "bad", "UNKNOWN": "warning", "RESULTED": "good",
}  # fmt: skip


def is_reservation(sent: SentCommand) -> bool:
    return sent.command == Command.RESERVE_NOW and bool(sent.operator)


@admin.register(SentCommand)
class SentCommandAdmin(ReadOnlyAdmin):
    """Read-only; asking a station is `add`."""

    list_display = [
        "sent_at", "peer", "operator", "command", "reference",
        staff_display.badges("state", TONES), "response", "result",
    ]  # fmt: skip
    list_filter = [
        ("peer", RelatedDropdownFilter), "command", ("state", ChoicesDropdownFilter),
        ("sent_at", RangeDateTimeFilter),
    ]  # fmt: skip
    list_select_related = ["peer"]
    search_fields = ["reference__exact", "correlation_id__exact"]
    search_help_text = "Reservation, session, EVSE uid, or X-Correlation-ID"
    ordering = ["-sent_at"]
    actions_detail = ["cancel"]
    fieldsets: list[Any] = [
        ("What happened", {"fields": ["progress"]}),
        (
            "Command",
            {
                "fields": [
                    "command", "peer", "operator", "reference", "sent_at", "deadline",
                    "correlation_id", "messages_link", "unsaid_shown",
                ]
            },
        ),
        ("Result as it came", {"fields": ["result_shown", "later_results"]}),
    ]  # fmt: skip

    class Media:
        js = ("remote_sessions/live.js",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(ASK))

    def get_urls(self) -> list[Any]:
        send = self.admin_site.admin_view(self.request_view)
        address = path("ask/<slug:kind>", send, name="roaming_station_request")
        return [address, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return choice_page(self, request)

    def request_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return request_page(self, request, kind)

    @admin.display(description="")
    def progress(self, sent: SentCommand) -> SafeString:
        """Answer and result in words; the page follows them while the result is due."""
        waits = sent.state == SentCommand.State.ACCEPTED and timezone.now() < sent.deadline
        follow = format_html(' data-follow="{}"', 3) if waits else ""
        return format_html(
            '<div data-live aria-live="polite"{}>{} {}</div>',
            follow, staff_display.badge(sent.get_state_display(), TONES[sent.state]),
            describe(sent),
        )  # fmt: skip

    @admin.display(description="exchanged messages")
    def messages_link(self, sent: SentCommand) -> SafeString:
        return messages_of(sent.correlation_id)

    @admin.display(description="not said in the peer's version")
    def unsaid_shown(self, sent: SentCommand) -> str:
        return ", ".join(sent.unsaid) or staff_display.EMPTY

    @admin.display(description="body")
    def result_shown(self, sent: SentCommand) -> SafeString | str:
        return shown_json(sent.result_body)

    @staff_action(
        "Cancel the reservation", permission=ASK, icon="event_busy", when=is_reservation,
        question=Question("Cancel the reservation", "The EVSE is free for others again."),
    )  # fmt: skip
    def cancel(self, request: HttpRequest, sent: SentCommand, reason: str) -> SafeString:
        way = way_of(sent)
        cancelled = cancel_reservation(
            peer=way.peer, operator=way.operator, reservation_id=sent.reference, reason=reason,
            now=timezone.now(),
        )  # fmt: skip
        return format_html("{} {}", describe(cancelled), staff_display.link(cancelled, "See it"))


def describe(sent: SentCommand) -> str:
    """What the operator and the station said, or what is awaited."""
    said = f" It says: {sent.response_message}" if sent.response_message else ""
    if sent.state == SentCommand.State.SENT:
        return "No answer yet. When this stays, our process ended before the answer was noted."
    if sent.state == SentCommand.State.UNKNOWN:
        return f"The answer was lost: it may have been carried out. It is not sent again.{said}"
    if sent.state == SentCommand.State.REFUSED:
        return f"The operator answered {sent.response or 'nothing'}.{said}"
    answered = f"The operator answered {sent.response}.{said}"
    if sent.result:
        message = f" It says: {sent.result_message}" if sent.result_message else ""
        return f"{answered} The station's result is {sent.result}.{message}"
    if sent.state == SentCommand.State.RESULTED:
        return answered
    if timezone.now() < sent.deadline:
        return f"{answered} The station's result is due by {sent.deadline:%H:%M:%S} UTC."
    return f"{answered} The station gave no result by {sent.deadline:%H:%M:%S} UTC."


@admin.register(Authorization)
class AuthorizationAdmin(ReadOnlyAdmin):
    list_display = ["answered_at", "peer", "token", "allowed", "location_id", "reference"]
    list_filter = [("peer", RelatedDropdownFilter), ("answered_at", RangeDateTimeFilter)]
    list_select_related = ["peer", "token"]
    search_fields = ["reference__exact", "token__contract_id"]
    ordering = ["-answered_at"]
