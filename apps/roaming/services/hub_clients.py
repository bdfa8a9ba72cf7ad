"""Who is behind a hub."""

from datetime import datetime
from typing import Any

from apps.roaming.models import HubClient, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.hub_clients import read_client_info
from apps.roaming.ocpi.parties import require_party_of_url

Message = dict[str, Any]


def put_client_info(*, peer: Peer, party: PartyRef, message: Message, now: datetime) -> bool:
    """Note a party behind a hub; True when it is new. Older ones are ignored.

    Raises InvalidMessage; UnknownObject when the peer is no hub.
    """
    if peer.hub is None:
        raise UnknownObject("Only a hub has clients.")
    require_party_of_url(message, party)
    read = read_client_info(Fields.of(message, ""))
    updated = read.last_updated or now
    values = {
        "role": read.role, "status": read.status, "last_updated": updated,
        "body": json.write(message),
    }  # fmt: skip
    client, is_new = HubClient.objects.select_for_update().get_or_create(
        peer=peer, country_code=party.country_code, party_id=party.party_id, defaults=values
    )
    if not is_new and updated >= client.last_updated:
        HubClient.objects.filter(pk=client.pk).update(**values)
    return is_new


def get_client_info(*, peer: Peer, party: PartyRef) -> Message:
    """The party as the hub described it. Raises UnknownObject."""
    client = HubClient.objects.filter(
        peer=peer, country_code=party.country_code, party_id=party.party_id
    ).first()
    if client is None:
        raise UnknownObject(f"There is no {party} behind this hub.")
    message: Message = json.read(client.body)
    return message
