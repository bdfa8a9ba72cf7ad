"""To whom a request goes: the party itself, the hub, or nobody in particular."""

from apps.roaming.models import Peer
from apps.roaming.ocpi.headers import PartyRef, Routing


def routing_to(
    peer: Peer, receiver: PartyRef | None = None, *, sender: PartyRef | None = None
) -> Routing:
    """From our party to `receiver`; without one to the hub (get all, broadcast push) or the peer.

    `sender`: which of our parties says it, when it is not the one that the peer knows us by.
    2.1.1 has no such headers.
    """
    profile = peer.behaviour
    if not profile.routing_headers:
        return Routing()
    if profile.hub is not None:
        # Gireve: every request is addressed to the hub, as it presented itself, which passes it on.
        receiver = profile.hub if profile.hub in peer.parties("HUB") else peer.hub
    if receiver is None:
        parties = peer.parties("CPO") or peer.parties()
        receiver = peer.hub or (parties[0] if parties else None)
    return Routing(sender or peer.party.ref, receiver)
