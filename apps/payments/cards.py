"""What the dashboard says about payments."""

from datetime import datetime

from django.urls import reverse

from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.paginator import display_count
from apps.payments.models import PspMessage


def register() -> None:
    """Called in PaymentsConfig.ready()."""
    register_card("payments.queue", permission="payments.view_pspmessage", section=Section.WORK,
                  build=unmatched_messages)  # fmt: skip


def unmatched_messages(now: datetime) -> Card | None:
    """Messages of payment service providers that fit no payment of ours."""
    count = display_count(PspMessage.objects.filter(state=PspMessage.State.UNMATCHED))
    if count == "0":
        return None
    return Card(
        "Payment messages without a payment", count, "Somebody must say what they are about.",
        link=reverse("admin:payments_pspmessage_changelist") + "?state__exact=UNMATCHED",
        tone=Tone.WARNING, icon="credit_card_off",
    )  # fmt: skip
