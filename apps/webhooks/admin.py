"""Webhooks of providers, what was sent, and what was answered."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    ReadOnlyAdmin,
    ReadOnlyTabularInline,
    StaffModelAdmin,
    staff_action,
)
from apps.core.staff_forms import LinesField
from apps.webhooks.models import Attempt, Delivery, Subscription
from apps.webhooks.services import renew_secret, replay_delivery, save_subscription

STATE = staff_display.badges("state", {"DELIVERED": "good", "FAILED": "bad"})
SHOWN_ONCE = "The secret, shown only now: {}"


class SubscriptionForm(forms.ModelForm):
    url = forms.URLField(
        label="URL", max_length=500, assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "staff-input"}),
    )  # fmt: skip
    event_types = LinesField(
        help_text="One per line: cdr.status.accepted, or cdr.* for all that begin so."
    )

    class Meta:
        model = Subscription
        fields = ["provider", "name", "url", "event_types", "is_active"]


@admin.register(Subscription)
class SubscriptionAdmin(StaffModelAdmin):
    form = SubscriptionForm
    list_display = ["name", "provider", "url", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["provider"]
    search_fields = ["name", "url", "provider__name"]
    ordering = ["name"]
    actions_detail = ["renew_webhook_secret"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if secret := save_subscription(subscription=obj):
            messages.warning(request, SHOWN_ONCE.format(secret))

    @staff_action(
        "Renew secret", permission="webhooks.change_subscription", icon="key",
        question=Question(title="Renew the secret?", text="The old one ends at once.", danger=True),
    )  # fmt: skip
    def renew_webhook_secret(
        self, request: HttpRequest, subscription: Subscription, reason: str
    ) -> str:
        return SHOWN_ONCE.format(renew_secret(subscription=subscription, reason=reason))


class AttemptInline(ReadOnlyTabularInline):
    model = Attempt
    fields = ["started_at", "status", "duration_ms", "address", "error", "answer"]
    ordering = ["-started_at"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "event_type", "subscription", STATE, "attempts_made"]
    list_filter = [("state", ChoicesDropdownFilter), "subscription"]
    list_select_related = ["event", "subscription__provider"]
    search_fields = ["event__id__exact", "event__type"]
    ordering = ["-created_at"]
    fields = ["subscription", "event", STATE, "attempts_made", "next_attempt_at", "delivered_at"]
    inlines = [AttemptInline]
    actions_detail = ["replay"]

    @admin.display(description="event", ordering="event__type")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @staff_action(
        "Replay", permission="webhooks.replay_delivery", icon="replay",
        question=Question(title="Send it once more?", text="With the same event id."),
        when=lambda delivery: delivery.state != Delivery.State.PENDING,
    )  # fmt: skip
    def replay(self, request: HttpRequest, delivery: Delivery, reason: str) -> str:
        replay_delivery(delivery=delivery, reason=reason, now=timezone.now())
        return f"{delivery} is sent once more."
