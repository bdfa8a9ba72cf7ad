"""Which peer leads to an operator."""

from apps.roaming.models import HubClient, KeptObject, Peer
from apps.roaming.ocpi.headers import PartyRef


def peer_of(party: PartyRef) -> Peer | None:
    """The peer that speaks for the operator: itself, else the hub that knows it."""
    peers = list(Peer.objects.registered().select_related("party").order_by("created_at"))
    for peer in peers:
        if peer.hub is None and party in peer.parties():
            return peer
    behind = HubClient.objects.filter(
        country_code=party.country_code, party_id=party.party_id, status="CONNECTED",
        peer__in=peers,
    ).first()  # fmt: skip
    source = behind or KeptObject.objects.filter(
        module="locations", country_code=party.country_code, party_id=party.party_id,
        peer__in=peers,
    ).first()  # fmt: skip
    if source is None:
        # Hubs of 2.3.0 list the parties behind them among their own roles.
        return next((peer for peer in peers if party in peer.parties()), None)
    return next(peer for peer in peers if peer.pk == source.peer_id)
