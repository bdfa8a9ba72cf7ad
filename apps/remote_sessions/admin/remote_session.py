"""The list of remote sessions, and each one's page with its story."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
    staff_bulk_action,
)
from apps.core.money import display
from apps.remote_sessions.admin.pages import attach_page, start_page
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.services import (
    close_settlement,
    complete,
    request_stop,
    set_error,
    settle_again,
)
from apps.remote_sessions.services.running_charges import running_total_of
from apps.remote_sessions.states import START_OPEN, Reason, State
from apps.remote_sessions.telling import tell

STATE_TONES: dict[str, staff_display.Tone] = {
    "PENDING": "info", "STARTING": "info", "ACTIVE": "good", "STOPPING": "info",
    "COMPLETED": "calm", "CANCELLED": "warning", "ERROR": "bad",
}  # fmt: skip


def by_phrase(rows: QuerySet[RemoteSession], phrase: str) -> QuerySet[RemoteSession]:
    """By an id that either side uses, or by the beginning of a token; all of them indexed."""
    wanted = phrase.upper()
    found = rows.alias(
        ours=Upper("authorization_reference"), theirs=Upper("operator_authorization_reference"),
        their_id=Upper("operator_session_id"),
    )  # fmt: skip
    fits = Q(ours=wanted) | Q(theirs=wanted) | Q(their_id=wanted)
    fits |= Q(token__contract_id__istartswith=phrase) | Q(evse__evse_id__istartswith=phrase)
    fits |= Q(account__number__iexact=phrase) | Q(cdr__cdr_id__iexact=phrase)
    return found.filter(fits)


@admin.register(RemoteSession)
class RemoteSessionAdmin(ReadOnlyAdmin):
    """Read-only but for the buttons; starting is `add`."""

    list_display = [
        "requested_at", "token_shown", "evse", staff_display.badges("state", STATE_TONES),
        "reason", "energy", "cost", "provider",
    ]  # fmt: skip
    list_filter = [
        ("state", ChoicesDropdownFilter), ("reason", ChoicesDropdownFilter),
        ("provider", RelatedDropdownFilter), ("operator", RelatedDropdownFilter),
        ("requested_at", RangeDateTimeFilter), ("settlement", ChoicesDropdownFilter),
    ]  # fmt: skip
    list_select_related = [
        "token", "evse__location", "session", "cdr", "provider", "operator", "payment",
    ]  # fmt: skip
    search_by = by_phrase
    search_help_text = "Token, EVSE id, session id, CDR id, reference or customer number"
    ordering = ["-id"]
    actions = ["settle_selected"]
    actions_detail = ["stop", "complete", "mark_as_error", "settle", "close"]
    change_form_outer_before_template = "remote_sessions/story.html"
    fieldsets: list[Any] = [
        (
            "Charge",
            {
                "fields": [
                    "state_shown", "provider", staff_display.linked("account"),
                    staff_display.linked("token"), "evse", "connector", "location",
                    staff_display.linked("operator"), "energy", "so_far", "cost",
                    "payment_shown", "settlement", "settlement_note",
                ]
            },
        ),
        (
            "Session and CDR",
            {
                "fields": [
                    staff_display.linked("session"), "session_matched_by", "session_confidence",
                    staff_display.linked("cdr"), "cdr_matched_by", "cdr_confidence",
                    staff_display.linked("credit_cdr"),
                    "authorization_reference", "operator_authorization_reference",
                    "operator_session_id", "transaction_id",
                ]
            },
        ),
        (
            "Times",
            {
                "fields": [
                    "requested_at", "starting_at", "active_at", "stopping_at", "completed_at",
                    "cancelled_at", "error_at", "stop_requested_at", "stop_requested_by",
                ]
            },
        ),
    ]  # fmt: skip

    class Media:
        js = ["remote_sessions/live.js"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [field for _, options in self.fieldsets for field in options["fields"]]

    def get_urls(self) -> list[Any]:
        attach = self.admin_site.admin_view(self.attach_view)
        own = [path("<uuid:pk>/attach-cdr", attach, name="remote_sessions_attach_cdr")]
        return own + super().get_urls()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("remote_sessions.start_remotesession")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return start_page(self, request)

    def attach_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not request.user.has_perm("remote_sessions.attach_remotesession"):
            raise PermissionDenied
        remote_session = self.get_object(request, str(pk))
        if remote_session is None:
            raise Http404
        return attach_page(self, request, remote_session)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= self._story_of(request, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    def _story_of(self, request: HttpRequest, remote_session: RemoteSession) -> dict[str, Any]:
        may_attach = request.user.has_perm("remote_sessions.attach_remotesession")
        is_open = remote_session.state not in {State.COMPLETED, State.CANCELLED, State.ERROR}
        waits = remote_session.settlement == RemoteSession.Settlement.WAITING
        paid = remote_session.payment
        moves = paid is not None and paid.state.endswith("_PENDING")
        return {
            "lines": tell(remote_session), "follow": is_open or waits or moves,
            "can_attach": may_attach and remote_session.cdr_id is None,
            "remote_session": remote_session,
        }  # fmt: skip

    @admin.display(description="token", ordering="token")
    def token_shown(self, remote_session: RemoteSession) -> SafeString:
        return staff_display.number(remote_session.token)

    @admin.display(description="state")
    def state_shown(self, remote_session: RemoteSession) -> SafeString:
        text = remote_session.get_state_display()
        if remote_session.message:
            text = f"{text}: {remote_session.message}"
        return staff_display.badge(text, STATE_TONES[remote_session.state])

    @admin.display(description="payment")
    def payment_shown(self, remote_session: RemoteSession) -> SafeString | str:
        payment = remote_session.payment
        if payment is None:
            return staff_display.EMPTY
        blocked = display(payment.authorized_amount, payment.currency)
        return staff_display.link(payment, f"{payment.get_state_display()}, {blocked} asked for")

    @admin.display(description="energy")
    def energy(self, remote_session: RemoteSession) -> SafeString | str:
        charge = remote_session.cdr or remote_session.session
        if charge is None:
            return staff_display.EMPTY
        return staff_display.number(f"{charge.kwh.normalize():,f} kWh")

    @admin.display(description="so far incl. VAT")
    def so_far(self, remote_session: RemoteSession) -> SafeString | str:
        total = running_total_of(remote_session, now=timezone.now())
        if total is None:
            return staff_display.EMPTY
        return staff_display.number(display(total.amount, total.currency))

    @admin.display(description="driver pays incl. VAT")
    def cost(self, remote_session: RemoteSession) -> SafeString | str:
        payment = remote_session.payment
        if payment is None or payment.due_amount is None:
            return staff_display.EMPTY
        return staff_display.number(display(payment.due_amount, payment.currency))

    @staff_action(
        "Stop", permission="remote_sessions.stop_remotesession", icon="stop_circle",
        question=Question(
            "Stop this charge",
            "A stop goes to the operator at once; before a session came, the start is cancelled.",
            danger=True,
        ),
        when=lambda remote_session: remote_session.state in {
            *START_OPEN, State.ACTIVE, State.STOPPING, State.ERROR,
        },
    )  # fmt: skip
    def stop(self, request: HttpRequest, remote_session: RemoteSession, reason: str) -> str:
        stopped = request_stop(
            remote_session_id=remote_session.pk, by=RemoteSession.StopBy.STAFF, reason=reason,
            now=timezone.now(),
        )  # fmt: skip
        return f"The charge is {stopped.get_state_display().lower()}."

    @staff_action(
        "Mark as gone wrong", permission="remote_sessions.stop_remotesession", icon="error",
        question=Question(
            "Mark as gone wrong", "Its CDR is still looked for; say what went wrong.", danger=True
        ),
        when=lambda remote_session: remote_session.state in {
            *START_OPEN, State.ACTIVE, State.STOPPING,
        },
    )  # fmt: skip
    def mark_as_error(
        self, request: HttpRequest, remote_session: RemoteSession, reason: str
    ) -> str:
        set_error(
            remote_session_id=remote_session.pk, reason=Reason.NONE, message=reason,
            now=timezone.now(),
        )  # fmt: skip
        return "It is marked as gone wrong."

    @staff_action(
        "Complete", permission="remote_sessions.stop_remotesession", icon="task_alt",
        question=Question(
            "Complete this charge",
            "Its operator sends no CDRs: what its session said last is what the driver pays. Say "
            "how you know that the charge has ended.",
        ),
        when=lambda remote_session: _ends_by_hand(remote_session),
    )  # fmt: skip
    def complete(self, request: HttpRequest, remote_session: RemoteSession, reason: str) -> str:
        complete(remote_session_id=remote_session.pk, reason=reason, now=timezone.now())
        return "The charge is completed."

    @staff_action(
        "Settle again", permission="remote_sessions.settle_remotesession", icon="sync",
        question=Question(
            "Settle again",
            "Once what it waited for is mended, the driver's price goes to the payment.",
            reason="none",
        ),
        when=lambda remote_session: remote_session.settlement in UNSETTLED,
    )  # fmt: skip
    def settle(self, request: HttpRequest, remote_session: RemoteSession, reason: str) -> str:
        return _said_of(settle_again(remote_sessions=[remote_session.pk], now=timezone.now()), 1)

    @staff_action(
        "Close without capture", permission="remote_sessions.settle_remotesession", icon="block",
        question=Question(
            "Close without a capture",
            "The blocked amount is freed, and nothing is captured for this charge any more.",
            danger=True,
        ),
        when=lambda remote_session: remote_session.settlement in UNSETTLED,
    )  # fmt: skip
    def close(self, request: HttpRequest, remote_session: RemoteSession, reason: str) -> str:
        close_settlement(remote_session_id=remote_session.pk, reason=reason, now=timezone.now())
        return "It is closed; what was blocked is freed."

    @staff_bulk_action(
        "Settle selected charges again", permission="remote_sessions.settle_remotesession",
        question=Question(
            "Settle again",
            "Once what they waited for is mended, the drivers' prices go to the payments.",
            reason="none",
        ),
    )  # fmt: skip
    def settle_selected(
        self, request: HttpRequest, queryset: QuerySet[RemoteSession], reason: str
    ) -> str:
        waiting = list(queryset.filter(settlement__in=UNSETTLED).values_list("pk", flat=True))
        return _said_of(settle_again(remote_sessions=waiting, now=timezone.now()), len(waiting))


def _ends_by_hand(remote_session: RemoteSession) -> bool:
    """Its end was lost, and no CDR will tell of it."""
    has_charge = remote_session.session_id is not None and remote_session.cdr_id is None
    ended = remote_session.state == State.COMPLETED
    return has_charge and not ended and not remote_session.operator.sends_cdrs


def _said_of(settled: int, tried: int) -> str:
    return f"{settled} settled; {tried - settled} still wait, each says for what."
