"""Peers' CDRs: handed to the platform, with a note through which peer each came."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR
from apps.cdrs.services import Arrival, receive_cdrs
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.cdrs import read_cdr
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import operator_name
from apps.roaming.ocpi.parties import party_of
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, require_no_other
from apps.roaming.services.sessions import source_of

Message = dict[str, Any]


def party_for(peer: Peer, fields: Fields, place: str = "location") -> PartyRef | None:
    """The operator of a 2.1.1 object, which names none: the peer's only party.

    Gireve puts it into the name of the location's operator (FR*CPO).
    """
    if peer.behaviour.operator_name_is_party:
        location = fields.opt_object(place) if place else fields
        country, _, party = (operator_name(location) if location else "").partition("*")
        if len(country) == 2 and len(party) == 3:
            return PartyRef.of(country, party)
    parties = peer.parties()
    return parties[0] if parties else None


def read_peer_cdr(*, peer: Peer, message: Message, version: Version, raw: str) -> CdrMessage:
    """The CDR as the platform reads it. Raises InvalidMessage, UnknownObject (foreign party)."""
    fields = Fields.of(message, "")
    owner = party_of(fields) or party_for(peer, fields)
    read = read_cdr(fields, owner=owner, version=version, raw=raw)
    party = PartyRef.of(read.country_code, read.party_id)
    # Looks at the owner, and that the CDR did not come through somebody else.
    require_no_other(peer=peer, identity=Identity("cdrs", party, read.cdr_id))
    return read


def receive_peer_cdrs(
    *, peer: Peer, messages: Sequence[CdrMessage], version: Version, now: datetime
) -> list[Arrival]:
    """Store CDRs of a peer; refusals are in the arrivals, and are kept for staff as conflicts."""
    with transaction.atomic():
        arrivals = receive_cdrs(messages=messages, source=source_of(peer), now=now)
        kept = [
            _note(peer, arrival.message, version) for arrival in arrivals if arrival.error is None
        ]
        # One that is noted already stays as it is.
        KeptObject.objects.bulk_create(kept, ignore_conflicts=True, batch_size=500)
    return arrivals


def _note(peer: Peer, message: CdrMessage, version: Version) -> KeptObject:
    owner = PartyRef.of(message.country_code, message.party_id)
    identity = Identity("cdrs", owner, message.cdr_id)
    return KeptObject(peer=peer, version=version.value, **identity.filters())


def get_cdr(*, peer: Peer, reference: str) -> Message:
    """The CDR as the peer sent it, by the address we gave or by its id. Raises UnknownObject."""
    cdr = _by_key(reference) or _by_id(peer, reference)
    if cdr is not None:
        owner = PartyRef.of(cdr.country_code, cdr.party_id)
        if find_kept(peer=peer, identity=Identity("cdrs", owner, cdr.cdr_id)) is not None:
            message: Message = json.read(cdr.raw)
            return message
    raise UnknownObject("There is no such CDR of this connection.")


def _by_key(reference: str) -> CDR | None:
    try:
        key = UUID(reference)
    except ValueError:
        return None
    found: CDR | None = CDR.objects.live().filter(pk=key).first()
    return found


def _by_id(peer: Peer, reference: str) -> CDR | None:
    kept = KeptObject.objects.filter(peer=peer, module="cdrs", key=reference.upper()).first()
    if kept is None:
        return None
    found: CDR | None = (
        CDR.objects.live()
        .identified_by(country_code=kept.country_code, party_id=kept.party_id, cdr_id=reference)
        .first()
    )
    return found
