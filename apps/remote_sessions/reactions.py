"""What a change elsewhere means for remote sessions."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.cdrs.models import CDR
from apps.events.models import Event
from apps.events.subscriptions import subscribe as subscribe_to
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.further_cdrs import owners_of_credited
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.settling import settle


def subscribe() -> None:
    """A reviewed CDR may clear what a payment waits for."""
    for event_type in ("cdr.status.accepted", "cdr.status.rejected"):
        subscribe_to(
            event_type, name="remote_sessions.settle",
            handler=settle_reviewed, many=settle_all_reviewed,
        )  # fmt: skip


def settle_reviewed(event: Event) -> None:
    """Settle the remote session of a CDR that staff accepted or rejected."""
    settle_all_reviewed([event])


def settle_all_reviewed(events: Sequence[Event]) -> None:
    """As settle_reviewed, for those that were reviewed together."""
    settle_of_cdrs(cdr_ids=[event.aggregate_id for event in events], now=timezone.now())


def settle_of_cdrs(*, cdr_ids: Sequence[str], now: datetime) -> None:
    """Settle the remote sessions of reviewed CDRs, and those that reviewed credits take back."""
    credited = owners_of_credited(list(CDR.objects.filter(pk__in=cdr_ids, is_credit=True)))
    owners = [owner.pk for owner in credited.values()]
    with transaction.atomic():
        rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
        wanted = rows.filter(Q(cdr__in=cdr_ids) | Q(pk__in=owners))
        settle(list(wanted.order_by("pk")), now=now)
