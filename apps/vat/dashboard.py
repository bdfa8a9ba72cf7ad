"""What of VAT waits for a person, on the first page of the staff admin."""

from datetime import datetime

from django.urls import reverse

from apps.core.dashboard import Card, Tone
from apps.core.paginator import display_count
from apps.vat.models import HeldDecision


def held_decisions(now: datetime) -> Card:
    """How many decisions wait, leading to the queue."""
    count = display_count(HeldDecision.objects.waiting())
    return Card(
        title="Held VAT decisions",
        value=count,
        note="Nothing waits." if count == "0" else "These can't be billed yet.",
        link=reverse("admin:vat_helddecision_changelist"),
        tone=Tone.GOOD if count == "0" else Tone.WARNING,
        icon="gavel",
    )
