"""How it goes with each peer: heard from, reached, failed."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import F

from apps.roaming.models import Peer, PeerHealth

# A busy peer is noted as heard from, or reached, once in this time, not with each message.
_NOTE_EVERY = timedelta(minutes=1)


def heard_from(*, peer: Peer, now: datetime) -> None:
    """The peer called us."""
    key = f"roaming-heard:{peer.pk}"
    if cache.add(key, 1, timeout=int(_NOTE_EVERY.total_seconds())):
        PeerHealth.objects.update_or_create(peer=peer, defaults={"last_heard_at": now})


def reached(*, peer: Peer, now: datetime) -> None:
    """The peer answered us."""
    known = PeerHealth.objects.filter(peer=peer, failures=0, last_error="")
    if known.filter(last_success_at__gt=now - _NOTE_EVERY).exists():
        return
    PeerHealth.objects.update_or_create(
        peer=peer, defaults={"last_success_at": now, "failures": 0, "last_error": ""}
    )


def not_reached(*, peer: Peer, error: str, now: datetime) -> None:
    """The peer did not answer, or not as OCPI wants."""
    PeerHealth.objects.get_or_create(peer=peer)
    PeerHealth.objects.filter(peer=peer).update(
        last_failure_at=now, failures=F("failures") + 1, last_error=error[:2000]
    )
