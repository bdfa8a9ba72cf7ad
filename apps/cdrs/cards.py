"""What the dashboard says about charging."""

from datetime import datetime

from django.urls import reverse

from apps.cdrs.models import CDR, CdrConflict, ChargingSession
from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.paginator import display_count


def register() -> None:
    """Called in CdrsConfig.ready()."""
    register_card("cdrs.held", permission="cdrs.view_cdr", section=Section.WORK, build=held_cdrs)
    register_card(
        "cdrs.conflicts", permission="cdrs.view_cdrconflict", section=Section.WORK,
        build=open_conflicts,
    )  # fmt: skip
    register_card(
        "cdrs.sessions", permission="cdrs.view_chargingsession", section=Section.FLOW,
        build=active_sessions,
    )  # fmt: skip
    register_card(
        "cdrs.pending", permission="cdrs.view_cdr", section=Section.FLOW, build=pending_cdrs
    )


def held_cdrs(now: datetime) -> Card:
    """Claims for money with something odd about them."""
    count = display_count(CDR.objects.live().filter(is_held=True))
    return Card(
        "Held CDRs", count, "Something is odd; accept with a reason, or reject.",
        link=reverse("admin:cdrs_cdr_changelist") + "?is_held__exact=1",
        tone=Tone.GOOD if count == "0" else Tone.WARNING, icon="receipt_long",
    )  # fmt: skip


def open_conflicts(now: datetime) -> Card:
    """CDRs that came again with other content."""
    count = display_count(CdrConflict.objects.filter(resolved_at=None))
    return Card(
        "CDR conflicts", count, "Sent again with other content; refused.",
        link=reverse("admin:cdrs_cdrconflict_changelist") + "?resolved_at__isempty=1",
        tone=Tone.GOOD if count == "0" else Tone.WARNING, icon="difference",
    )  # fmt: skip


def active_sessions(now: datetime) -> Card:
    """Cars that charge right now, as far as the operators tell."""
    count = display_count(
        ChargingSession.objects.live().filter(status=ChargingSession.Status.ACTIVE)
    )
    return Card(
        "Charging now", count, "Live sessions that are active.",
        link=reverse("admin:cdrs_chargingsession_changelist") + "?status__exact=ACTIVE",
        icon="bolt",
    )  # fmt: skip


def pending_cdrs(now: datetime) -> Card:
    """CDRs that are neither accepted nor rejected."""
    count = display_count(CDR.objects.live().filter(status=CDR.Status.PENDING))
    return Card(
        "Pending CDRs", count, "Not accepted yet, so not billed.",
        link=reverse("admin:cdrs_cdr_changelist") + "?status__exact=PENDING",
        icon="pending_actions",
    )  # fmt: skip
