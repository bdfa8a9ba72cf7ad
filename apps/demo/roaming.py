"""The demo's roaming relation: we register at the simulated operator, as at any other."""

from datetime import datetime

from django.conf import settings

from apps.core.errors import DomainError
from apps.roaming.models import Party, Peer
from apps.roaming.secrets import decrypt_token
from apps.roaming.services.connecting import connect_peer
from apps.roaming.services.discovery import discover
from apps.roaming.services.registration import disconnect

NAME = "Simulated Charging"


def meet_simulated_operator(*, now: datetime) -> bool:
    """Register at it; False when the connection of an earlier start still stands.

    The operator forgets everything when it ends, so that after its restart the old connection is
    ended and a new one made. Raises the errors of connect_peer.
    """
    peer = _peer()
    if peer.state == Peer.State.REGISTERED:
        if _still_known(peer):
            return False
        disconnect(peer=peer, now=now, reason="the simulated operator was started anew")
        peer.refresh_from_db()
    connect_peer(
        peer=peer, versions_url=f"{settings.SIMULATED_OPERATOR_URL.rstrip('/')}/versions",
        token=settings.SIMULATED_OPERATOR_TOKEN, now=now,
    )  # fmt: skip
    return True


def _peer() -> Peer:
    party, _ = Party.objects.get_or_create(
        country_code="NL", party_id="EVC", role="EMSP", defaults={"name": "evcharge"}
    )
    Peer.objects.get_or_create(name=NAME, defaults={"party": party})
    peer: Peer = Peer.objects.select_related("party").get(name=NAME)
    return peer


def _still_known(peer: Peer) -> bool:
    try:
        discover(peer=peer, token=decrypt_token(peer.outgoing_token), version=peer.ocpi_version)
    except DomainError:
        return False
    return True
