"""What the dashboard says about billing."""

from datetime import datetime

from django.urls import reverse

from apps.billing.models import BillingHold, Invoice
from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.paginator import display_count


def register() -> None:
    """Called in BillingConfig.ready()."""
    register_card(
        "billing.holds", permission="billing.view_billinghold", section=Section.WORK,
        build=open_holds,
    )  # fmt: skip
    register_card(
        "billing.drafts", permission="billing.view_invoice", section=Section.FLOW, build=drafts
    )


def open_holds(now: datetime) -> Card:
    """Charges that the last run could not bill."""
    count = display_count(BillingHold.objects.filter(resolved_at=None))
    return Card(
        "Charges that could not be billed", count, "Held with a reason; mend it and run again.",
        link=reverse("admin:billing_billinghold_changelist"),
        tone=Tone.GOOD if count == "0" else Tone.WARNING, icon="front_hand",
    )  # fmt: skip


def drafts(now: datetime) -> Card:
    """Invoices that wait to be issued."""
    count = display_count(Invoice.objects.drafts())
    return Card(
        "Draft invoices", count, "Not issued yet: no number, no PDF.",
        link=reverse("admin:billing_invoice_changelist") + "?state__exact=DRAFT",
        icon="request_quote",
    )  # fmt: skip
