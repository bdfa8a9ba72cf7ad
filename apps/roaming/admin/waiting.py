"""CDRs that were taken and can't be received yet: why, once more by hand, or set aside."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.audit.context import as_uuid
from apps.cdrs.models import CDR
from apps.core import staff_display
from apps.core.admin import Question, ReadOnlyAdmin, RelatedDropdownFilter, staff_action
from apps.roaming.admin.exchanges import shown_json
from apps.roaming.admin.queues import OPERATE
from apps.roaming.models import WaitingCdr
from apps.roaming.services.receiving_cdrs import receive_waiting_cdr
from apps.roaming.services.setting_aside import set_aside

SET_ASIDE = "roaming.set_aside_waitingcdr"


def by_id(rows: QuerySet[WaitingCdr], phrase: str) -> QuerySet[WaitingCdr]:
    """By the CDR's id, in any case."""
    return rows.filter(key=phrase.upper())


@admin.register(WaitingCdr)
class WaitingCdrAdmin(ReadOnlyAdmin):
    """Empty nearly always: what comes is received within seconds."""

    list_display = ["cdr", "peer", "received_at", "how_it_goes", "next_attempt_at", "reason"]
    list_filter = [("peer", RelatedDropdownFilter), ("set_aside_at", EmptyFieldListFilter)]
    list_select_related = ["peer"]
    search_by = by_id
    search_help_text = "The CDR's id"
    when_empty = "No CDR waits: what peers post is received within seconds."
    ordering = [F("set_aside_at").asc(nulls_first=True), "-attempts", "pk"]
    actions_detail = ["try_now", "set_aside"]
    fields = [
        "cdr", "peer", "version", "received_at", "how_it_goes", "attempts", "next_attempt_at",
        "last_error", "set_aside_at", "set_aside_reason", "message_shown",
    ]  # fmt: skip
    readonly_fields: list[Any] = ["message_shown"]

    @admin.display(description="CDR", ordering="key")
    def cdr(self, waiting: WaitingCdr) -> str:
        return str(waiting)

    @admin.display(description="state")
    def how_it_goes(self, waiting: WaitingCdr) -> SafeString:
        if waiting.set_aside_at:
            return staff_display.badge("Set aside", "calm")
        if waiting.attempts:
            return staff_display.badge(f"Failed {waiting.attempts} times", "bad")
        return staff_display.badge("Waits for its batch", "info")

    @admin.display(description="reason")
    def reason(self, waiting: WaitingCdr) -> SafeString | str:
        said = waiting.set_aside_reason or waiting.last_error
        if not said:
            return staff_display.EMPTY
        shown = said if len(said) < 80 else f"{said[:79]}…"
        return format_html('<span title="{}">{}</span>', said, shown)

    @admin.display(description="as sent")
    def message_shown(self, waiting: WaitingCdr) -> SafeString | str:
        return shown_json(waiting.message)

    @staff_action(
        "Try now", permission=OPERATE, icon="replay",
        question=Question("Receive it now", "Once what was in the way is mended.", reason="none"),
    )  # fmt: skip
    def try_now(self, request: HttpRequest, waiting: WaitingCdr, reason: str) -> str:
        receive_waiting_cdr(waiting=waiting, now=timezone.now())
        return f"{waiting} is received."

    @staff_action(
        "Set aside", permission=SET_ASIDE, icon="inventory_2",
        when=lambda waiting: bool(waiting.attempts) and not waiting.set_aside_at,
        question=Question(
            "Set this CDR aside",
            "The operator's claim is not received: nobody is billed for it. It is no longer tried "
            "by itself, nor in the way of erasing its driver. Should the operator send it again, "
            "it is tried again; other content under its id takes its place.",
            danger=True,
        ),
    )  # fmt: skip
    def set_aside(self, request: HttpRequest, waiting: WaitingCdr, reason: str) -> str:
        set_aside(waiting=waiting, reason=reason, now=timezone.now())
        return f"{waiting} is set aside."

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Received in the meantime: the CDR has the id that it waited under."""
        key = as_uuid(object_id)
        if key and CDR.objects.filter(pk=key).exists():
            return HttpResponseRedirect(reverse("admin:cdrs_cdr_change", args=[key]))
        gone: HttpResponse = super()._get_obj_does_not_exist_redirect(request, opts, object_id)
        return gone
