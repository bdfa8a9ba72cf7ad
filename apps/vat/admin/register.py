"""VAT ids with what the registers said of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    ReadOnlyAdmin,
    ReadOnlyTabularInline,
    staff_action,
)
from apps.vat.models import VatId, VatIdCheck
from apps.vat.services import check_vat_id, decide_again_on_vat_ids
from apps.vat.tasks import configured_client
from apps.vat.vat_ids import EU_GOODS_ISSUERS

STATE_TONES: dict[str, staff_display.Tone] = {
    "VALID": "good",
    "INVALID": "bad",
    "UNAVAILABLE": "warning",
}


class VatIdCheckInline(ReadOnlyTabularInline):
    model = VatIdCheck
    verbose_name_plural = "Answers of the register"
    fields = ["checked_at", "state", "register", "consultation_number", "requester", "error"]
    ordering = ["-checked_at"]
    show_change_link = False


@admin.register(VatId)
class VatIdAdmin(ReadOnlyAdmin):
    list_display = [
        "value", staff_display.badges("state", STATE_TONES), "register", "trader_name",
        "confirmed_at", "consultation_number", "next_check_at", "last_error",
    ]  # fmt: skip
    list_filter = [("state", ChoicesDropdownFilter), ("register", ChoicesDropdownFilter), "issuer"]
    search_fields = ["value", "trader_name"]
    search_help_text = "VAT id (capitals, without spaces) or the trader's name"
    ordering = ["value"]
    inlines = [VatIdCheckInline]
    fieldsets = [
        (None, {"fields": [("value", "issuer"), ("state", "register")]}),
        (
            "Proof",
            {
                "fields": [
                    ("confirmed_at", "consultation_number"), "trader_name", "trader_address",
                ]
            },
        ),
        ("Next", {"fields": [("checked_at", "next_check_at"), ("attempts", "last_error")]}),
    ]  # fmt: skip
    actions_detail = ["check_now"]

    @staff_action(
        "Check now", permission="vat.change_vatid", icon="fact_check",
        when=lambda vat_id: vat_id.issuer in EU_GOODS_ISSUERS,
        question=Question(
            "Ask VIES about this VAT id?",
            "The answer is kept with its consultation number. It can take some seconds.",
            reason="none",
        ),
    )  # fmt: skip
    def check_now(self, request: HttpRequest, vat_id: Any, reason: str) -> str:
        checked = check_vat_id(vat_id_id=vat_id.pk, client=configured_client(), now=timezone.now())
        if checked.attempts:
            return f"No answer: {checked.last_error}. It is tried again by itself."
        settled = decide_again_on_vat_ids(values=[checked.value], now=timezone.now())
        return (
            f"{checked.value}: {checked.get_state_display().lower()}. "
            f"{settled} held VAT decisions are settled by it."
        )
