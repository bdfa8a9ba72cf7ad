"""What waits to be pushed: seen, paused, resumed, cancelled, sent again."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
)
from apps.roaming.admin.exchanges import shown_json
from apps.roaming.models import PullCursor, Push, PushQueue
from apps.roaming.services.queueing import cancel_push, pause_queue, replay_push, resume_queue

OPERATE = "roaming.operate_peer"
PUSH_TONES: dict[str, staff_display.Tone] = {
    "WAITING": "info", "DELIVERED": "good", "REFUSED": "bad", "CANCELLED": "calm",
}  # fmt: skip


@admin.register(PushQueue)
class PushQueueAdmin(ReadOnlyAdmin):
    list_display = ["peer", "how_it_goes", "waiting", "attempts", "retry_at"]
    list_select_related = ["peer"]
    ordering = ["peer__name"]
    when_empty = "A peer that takes our tokens gets its queue when it is registered."
    actions_detail = ["pause", "resume"]
    fields = ["peer", "how_it_goes", "waiting", "pushes_link", "attempts", "retry_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        waiting = Count("pushes", filter=Q(pushes__state=Push.State.WAITING))
        return super().get_queryset(request).annotate(number_waiting=waiting)

    @admin.display(description="state")
    def how_it_goes(self, queue: PushQueue) -> SafeString:
        if queue.is_paused:
            return staff_display.badge("Paused", "warning")
        if queue.attempts:
            return staff_display.badge("The peer fails", "bad")
        return staff_display.badge("Running", "good")

    @admin.display(description="waiting")
    def waiting(self, queue: Any) -> str:
        return f"{queue.number_waiting:,}"

    @admin.display(description="pushes")
    def pushes_link(self, queue: PushQueue) -> SafeString:
        url = reverse("admin:roaming_push_changelist")
        return format_html(
            '<a class="staff-link" href="{}?queue__id__exact={}">All that waited or waits</a>',
            url, queue.pk,
        )  # fmt: skip

    @staff_action(
        "Pause", permission=OPERATE, icon="pause_circle", when=lambda queue: not queue.is_paused,
        question=Question("Pause the queue", "What comes waits, in its order."),
    )  # fmt: skip
    def pause(self, request: HttpRequest, queue: PushQueue, reason: str) -> str:
        pause_queue(queue=queue, reason=reason)
        return "The queue is paused."

    @staff_action(
        "Go on now", permission=OPERATE, icon="play_circle",
        question=Question("Send what waits now", "Also when the last attempts failed."),
    )  # fmt: skip
    def resume(self, request: HttpRequest, queue: PushQueue, reason: str) -> str:
        resume_queue(queue=queue, reason=reason)
        return "The queue goes on."


@admin.register(Push)
class PushAdmin(ReadOnlyAdmin):
    list_display = [
        "number", "queue", "label", "module", staff_display.badges("state", PUSH_TONES),
        "attempts", "settled_at",
    ]  # fmt: skip
    list_filter = [
        ("state", ChoicesDropdownFilter), ("queue", RelatedDropdownFilter), "module",
    ]  # fmt: skip
    list_select_related = ["queue__peer"]
    search_fields = ["correlation_id__exact", "path__exact"]
    search_help_text = "X-Correlation-ID or path"
    when_empty = "Tokens that change are pushed to each registered peer that takes them."
    ordering = ["-number"]
    actions_detail = ["cancel", "replay"]
    fields = [
        "queue", "number", "label", staff_display.badges("state", PUSH_TONES), "method", "module",
        "path", "body_shown", "unsaid_shown", "correlation_id", "attempts", "settled_at",
        "last_error",
    ]  # fmt: skip
    readonly_fields = [fields[3], "body_shown", "unsaid_shown"]

    @admin.display(description="body")
    def body_shown(self, push: Push) -> SafeString | str:
        return shown_json(push.body)

    @admin.display(description="not said in the peer's version")
    def unsaid_shown(self, push: Push) -> str:
        return ", ".join(push.unsaid) or staff_display.EMPTY

    @staff_action(
        "Take out", permission=OPERATE, icon="cancel",
        when=lambda push: push.state == Push.State.WAITING,
        question=Question("Take the push out of the queue", "Those behind it go on.", danger=True),
    )  # fmt: skip
    def cancel(self, request: HttpRequest, push: Push, reason: str) -> str:
        cancel_push(push=push, reason=reason, now=timezone.now())
        return "It is taken out."

    @staff_action(
        "Send again", permission=OPERATE, icon="replay",
        when=lambda push: push.state != Push.State.WAITING,
        question=Question("Send it again", "At the end of the queue.", reason="none"),
    )  # fmt: skip
    def replay(self, request: HttpRequest, push: Push, reason: str) -> str:
        replay_push(push=push)
        return "It waits at the end of the queue."


@admin.register(PullCursor)
class PullCursorAdmin(ReadOnlyAdmin):
    list_display = [
        "peer", "module", "operator", "tried_at", "succeeded_at", "asked", "received", "unread",
        "last_error",
    ]  # fmt: skip
    list_filter = [("peer", RelatedDropdownFilter), "module"]
    list_select_related = ["peer"]
    ordering = ["peer__name", "module"]
    when_empty = "Pulls begin by themselves once a peer is registered."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Not the notes of what was pushed, which are in the same table."""
        return super().get_queryset(request).exclude(module__contains=":")
