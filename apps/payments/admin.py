"""Staff screens of payments, and the queue of what payment service providers say to nobody."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    ReadOnlyTabularInline,
    RelatedDropdownFilter,
    staff_action,
)
from apps.payments import services
from apps.payments.models import LedgerEntry, Payment, PspMessage
from apps.payments.states import State

STATE_TONES: dict[str, staff_display.Tone] = {
    "PREAUTH_PENDING": "info", "PREAUTH_ACCEPTED": "good", "PREAUTH_FAILED": "warning",
    "CAPTURE_PENDING": "info", "CAPTURED": "good", "RELEASE_PENDING": "info",
    "RELEASED": "calm", "REFUNDED": "calm", "EXPIRED": "warning",
}  # fmt: skip
AMOUNTS = {
    "authorized_amount": "asked to block", "due_amount": "due", "captured_amount": "captured",
    "owed_amount": "owed", "refunded_amount": "refunded",
}  # fmt: skip


def _amounts() -> list[staff_display.Column]:
    return [staff_display.money(name, description=label) for name, label in AMOUNTS.items()]


class LedgerInline(ReadOnlyTabularInline):
    model = LedgerEntry
    verbose_name_plural = "Ledger"
    fields = ["at", "kind", "blocked_change", "taken_change", "owed_change", "text"]
    ordering = ["id"]


def by_phrase(rows: QuerySet[Payment], phrase: str) -> QuerySet[Payment]:
    """By the PSP's id, our reference, or the customer's number."""
    fits = Q(psp_payment_id=phrase) | Q(reference=phrase) | Q(account__number__iexact=phrase)
    return rows.filter(fits)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at", staff_display.badges("state", STATE_TONES), *_amounts(), "account",
        "provider", "psp",
    ]  # fmt: skip
    list_filter = [
        ("state", ChoicesDropdownFilter), "psp", ("provider", RelatedDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    ]  # fmt: skip
    list_select_related = ["account", "provider"]
    search_by = by_phrase
    search_help_text = "The PSP's payment id, our reference, or a customer number"
    ordering = ["-id"]
    inlines = [LedgerInline]
    actions_detail = ["refund", "release"]
    fieldsets = [
        (
            "Money",
            {
                "fields": [
                    staff_display.badges("state", STATE_TONES), "state_changed_at",
                    *_amounts(),
                    "authorized_until", "failure_code", "failure_message",
                ]
            },
        ),
        (
            "Whose",
            {
                "fields": [
                    "provider", staff_display.linked("account"), "reference", "psp",
                    "psp_payment_id", "payment_method", "next_attempt_at", "attempts",
                ]
            },
        ),
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [field for _, options in self.fieldsets for field in options["fields"]]

    @staff_action(
        "Refund all", permission="payments.refund_payment", icon="undo",
        question=Question(
            "Give all of it back", "The whole captured amount goes back to the driver.",
            danger=True,
        ),
        when=lambda payment: payment.state == State.CAPTURED
        and payment.refund_amount < payment.captured_amount,
    )  # fmt: skip
    def refund(self, request: HttpRequest, payment: Payment, reason: str) -> str:
        back: Decimal = payment.captured_amount - payment.refund_amount
        services.request_refund(
            payment_id=payment.pk, amount=back, reason=reason, now=timezone.now()
        )
        return "The refund is on its way to the PSP."

    @staff_action(
        "Release", permission="payments.release_payment", icon="lock_open",
        question=Question(
            "Release the blocked amount", "Nothing is taken; a CDR that comes later is owed.",
            danger=True,
        ),
        when=lambda payment: payment.state in {State.PREAUTH_PENDING, State.PREAUTH_ACCEPTED},
    )  # fmt: skip
    def release(self, request: HttpRequest, payment: Payment, reason: str) -> str:
        services.request_release(payment_id=payment.pk, reason=reason, now=timezone.now())
        return "The release is on its way to the PSP."


@admin.register(PspMessage)
class PspMessageAdmin(ReadOnlyAdmin):
    list_display = [
        "received_at", "psp", "type",
        staff_display.badges("state", {"UNMATCHED": "warning", "APPLIED": "good"}),
        "psp_payment_id", "explanation",
    ]  # fmt: skip
    list_filter = [("state", ChoicesDropdownFilter), "psp", ("received_at", RangeDateTimeFilter)]
    search_fields = ["event_id", "psp_payment_id"]
    search_help_text = "Event id, or the PSP's payment id"
    ordering = ["-received_at"]
    actions_detail = ["resolve"]
    fields = [
        "received_at", "psp", "event_id", "type",
        staff_display.badges("state", {"UNMATCHED": "warning", "APPLIED": "good"}),
        "psp_payment_id", staff_display.linked("payment"), "explanation", "resolution",
        "resolved_at", "body",
    ]  # fmt: skip
    readonly_fields = fields

    @staff_action(
        "Resolve", permission="payments.resolve_pspmessage", icon="task_alt",
        question=Question("Resolve this message", "Say what was done about it."),
        when=lambda message: message.state == PspMessage.State.UNMATCHED,
    )  # fmt: skip
    def resolve(self, request: HttpRequest, message: PspMessage, reason: str) -> str:
        services.resolve_message(message=message, resolution=reason, now=timezone.now())
        return "The message is resolved."
