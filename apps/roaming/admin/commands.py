"""Commands that we sent, with their answers and results; and what can be asked of stations."""

from datetime import UTC
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
)
from apps.remote_sessions.words import in_words
from apps.roaming.admin.charging_profiles import shown_profile
from apps.roaming.admin.exchanges import messages_of, shown_json
from apps.roaming.admin.station_pages import choice_page, request_page
from apps.roaming.models import Authorization, SentCommand
from apps.roaming.ocpi.commands import Command
from apps.roaming.services.charging import cancel_reservation
from apps.roaming.services.commands import NOT_DELIVERED
from apps.roaming.services.finding import way_of

ASK = "roaming.ask_stations"
TONES: dict[str, staff_display.Tone] = {
    "SENT": "info", "ACCEPTED": "info", "REFUSED": "bad", "UNKNOWN": "warning", "RESULTED": "good",
}  # fmt: skip


CANCELED: Final = "CANCELED_RESERVATION"
# OCPI 2.2.1 ChargingProfileResponseType, ChargingProfileResultType, ChargingPreferencesResponse.
PROFILE_WORDS: Final = {
    "TOO_OFTEN": "asked too often",
    "UNKNOWN": "no charging profile found",
    "DEPARTURE_REQUIRED": "departure needed",
    "ENERGY_NEED_REQUIRED": "energy needed",
    "NOT_POSSIBLE": "not possible",
    "PROFILE_TYPE_NOT_SUPPORTED": "profile type not supported",
    NOT_DELIVERED: "not delivered",
}
# What answers and results mean for who asked; words that say it themselves are left out.
ADVICE: Final = {
    "REJECTED": "It will not do it; ask the operator why.",
    "NOT_SUPPORTED": "The operator or the station can't do this.",
    "UNKNOWN_SESSION": "It may have ended.",
    "UNKNOWN_RESERVATION": "It may be over.",
    "TOO_OFTEN": "Wait a minute before asking again.",
    "EVSE_OCCUPIED": "Somebody charges there.",
    "TIMEOUT": "It may do it all the same.",
    "FAILED": "The station could not do it.",
    "UNKNOWN": "The station has no charging profile of ours.",
    "DEPARTURE_REQUIRED": "Ask the driver for the departure and send it along.",
    "ENERGY_NEED_REQUIRED": "Ask the driver for the energy needed and send it along.",
    "NOT_POSSIBLE": "The station can't deliver that until the departure.",
    "PROFILE_TYPE_NOT_SUPPORTED": "The EVSE does not offer this; try another.",
}


def is_reservation(sent: SentCommand) -> bool:
    return sent.command == Command.RESERVE_NOW and bool(sent.operator)


@admin.register(SentCommand)
class SentCommandAdmin(ReadOnlyAdmin):
    """Read-only; asking a station is `add`."""

    list_display = [
        "moment", "peer", "operator", "command", "reference_shown",
        staff_display.badges("state", TONES), "said",
    ]  # fmt: skip
    list_filter = [
        ("peer", RelatedDropdownFilter), "command", ("state", ChoicesDropdownFilter),
        ("sent_at", RangeDateTimeFilter),
    ]  # fmt: skip
    list_select_related = ["peer"]
    search_fields = ["reference__exact", "correlation_id__exact"]
    search_help_text = "Reservation, session, EVSE uid, or X-Correlation-ID"
    ordering = ["-sent_at"]
    when_empty = "No station was asked for anything yet."
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
        ("Result as it came", {"fields": ["plan", "result_shown", "later_shown"]}),
    ]  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A profile comes with the result of one command only."""
        if obj and obj.command == Command.GET_CHARGING_PROFILE:
            return self.fieldsets
        *before, (title, result) = self.fieldsets
        return [*before, (title, {"fields": [name for name in result["fields"] if name != "plan"]})]

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

    @admin.display(description="sent (UTC)", ordering="sent_at")
    def moment(self, sent: SentCommand) -> str:
        return f"{sent.sent_at.astimezone(UTC):%-d %b, %H:%M:%S}"

    @admin.display(description="reference", ordering="reference")
    def reference_shown(self, sent: SentCommand) -> SafeString | str:
        """Ids of ours are long; their end tells them apart."""
        text = sent.reference
        if len(text) < 20:
            return text or staff_display.EMPTY
        return format_html('<span title="{}">…{}</span>', text, text[-12:])

    @admin.display(description="operator, then station")
    def said(self, sent: SentCommand) -> str:
        codes = [sent.response, sent.result, CANCELED if sent.is_cancelled_by_operator else ""]
        return " → ".join(_words(code) for code in codes if code) or staff_display.EMPTY

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

    @admin.display(description="what the charge may draw")
    def plan(self, sent: SentCommand) -> SafeString | str:
        return shown_profile(sent.result_body, below="profile")

    @admin.display(description="later results")
    def later_shown(self, sent: SentCommand) -> SafeString | str:
        """What came after the first result: kept, not acted on."""
        lines: list[tuple[object, object]] = [
            (each["at"], f"{_words(each['result'])}. {each['message']}")
            for each in sent.later_results
        ]
        return staff_display.rows(lines)

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
    if sent.response == NOT_DELIVERED:
        return f"It was not delivered; once the peer is reached again, ask anew.{said}"
    answer = in_words(sent.response, PROFILE_WORDS) or "nothing"
    answered = f"The operator answered: {answer}.{_advice(sent.response)}{said}"
    if sent.state == SentCommand.State.REFUSED:
        return answered
    if sent.result:
        message = f" It says: {sent.result_message}" if sent.result_message else ""
        result = in_words(sent.result, PROFILE_WORDS)
        end = " Later the operator cancelled it." if sent.is_cancelled_by_operator else ""
        return f"{answered} The station's result: {result}.{_advice(sent.result)}{message}{end}"
    if sent.state == SentCommand.State.RESULTED:
        return answered
    if timezone.now() < sent.deadline:
        return f"{answered} The station's result is due by {sent.deadline:%H:%M:%S} UTC."
    return f"{answered} The station gave no result by {sent.deadline:%H:%M:%S} UTC."


def _words(code: str) -> str:
    return capfirst(in_words(code, PROFILE_WORDS))


def _advice(word: str) -> str:
    """What the word means for who asked."""
    return f" {ADVICE[word]}" if word in ADVICE else ""


@admin.register(Authorization)
class AuthorizationAdmin(ReadOnlyAdmin):
    list_display = ["answered_at", "peer", "token", "allowed", "location_id", "reference"]
    list_filter = [("peer", RelatedDropdownFilter), ("answered_at", RangeDateTimeFilter)]
    list_select_related = ["peer", "token"]
    search_fields = ["reference__exact", "token__contract_id"]
    search_help_text = "Reference or contract id"
    when_empty = "No peer has asked yet whether a token may charge."
    ordering = ["-answered_at"]
