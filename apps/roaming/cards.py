"""What the dashboard says about the connections."""

from datetime import datetime

from django.urls import reverse

from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.paginator import display_count
from apps.roaming.models import Peer, Push, WaitingCdr

PERMISSION = "roaming.view_peer"


def register() -> None:
    """Called in RoamingConfig.ready()."""
    register_card("roaming.peers", permission=PERMISSION, section=Section.SYSTEM, build=peers)
    register_card("roaming.refused", permission=PERMISSION, section=Section.WORK, build=refused)
    register_card("roaming.stuck", permission=PERMISSION, section=Section.WORK, build=stuck)


def peers(now: datetime) -> Card:
    """Connections, and which of them fail."""
    registered = Peer.objects.registered()
    failing = registered.filter(health__failures__gt=0).count()
    note = f"{failing} can't be reached" if failing else "all can be reached"
    return Card(
        "Roaming peers", str(registered.count()), note, icon="lan",
        link=reverse("admin:roaming_peer_changelist"), tone=Tone.BAD if failing else Tone.GOOD,
    )  # fmt: skip


def refused(now: datetime) -> Card:
    """Messages that a peer called wrong."""
    count = display_count(Push.objects.filter(state=Push.State.REFUSED))
    return Card(
        "Pushes refused by peers", count, "Mend and send again, or leave them.", icon="unsubscribe",
        link=reverse("admin:roaming_push_changelist") + "?state__exact=REFUSED",
        tone=Tone.GOOD if count == "0" else Tone.WARNING,
    )  # fmt: skip


def stuck(now: datetime) -> Card:
    """CDRs that we took from peers and can't receive."""
    count = display_count(WaitingCdr.objects.filter(attempts__gt=0, set_aside_at=None))
    return Card(
        "CDRs not received", count, "Taken from peers; something is in the way.",
        icon="hourglass_top", link=reverse("admin:roaming_waitingcdr_changelist"),
        tone=Tone.GOOD if count == "0" else Tone.BAD,
    )  # fmt: skip
