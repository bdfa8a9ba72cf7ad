"""Which peer leads to an operator."""

from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi.headers import PartyRef


def peer_of(party: PartyRef) -> Peer | None:
    """The peer that speaks for the operator: itself, else the hub that sent its locations."""
    peers = list(Peer.objects.registered().select_related("party").order_by("created_at"))
    for peer in peers:
        if peer.hub is None and party in peer.parties():
            return peer
    source = KeptObject.objects.filter(
        module="locations", country_code=party.country_code, party_id=party.party_id,
        peer__in=peers,
    ).first()  # fmt: skip
    if source is None:
        return None
    return next(peer for peer in peers if peer.pk == source.peer_id)
