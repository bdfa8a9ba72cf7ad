"""Peers' CDRs: handed to the platform, with a note through which peer each came."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.audit.context import as_uuid
from apps.audit.personal import ERASED
from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR
from apps.cdrs.services import Arrival, receive_arrivals
from apps.roaming.models import KeptObject, Peer, WaitingCdr
from apps.roaming.ocpi import json
from apps.roaming.ocpi.cdrs import read_cdr
from apps.roaming.ocpi.charges import first_plug
from apps.roaming.ocpi.errors import InvalidMessage, UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import operator_name
from apps.roaming.ocpi.parties import party_of, party_of_evse_id, party_of_name
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import (
    Identity,
    SentInOtherVersion,
    find_kept,
    require_no_other,
    require_owner,
)
from apps.roaming.services.sessions import source_of

Message = dict[str, Any]


def party_for(peer: Peer, fields: Fields, place: str = "location") -> PartyRef | None:
    """The operator of a 2.1.1 object, which names none: the peer's only party.

    Gireve puts it into the name of the location's operator (FR*CPO). Where that says something
    else or is left out, the EVSE's id begins with it: the hub itself runs no stations.
    """
    if peer.behaviour.operator_name_is_party:
        location = fields.opt_object(place) if place else fields
        if location and (behind := _party_behind_hub(location)):
            return behind
    parties = peer.parties()
    return parties[0] if parties else None


def _party_behind_hub(location: Fields) -> PartyRef | None:
    _, evse_id, *_ = first_plug(location)
    return party_of_name(operator_name(location)) or party_of_evse_id(evse_id)


def read_peer_cdr(*, peer: Peer, message: Message, version: Version, raw: str) -> CdrMessage:
    """The CDR as the platform reads it. Raises InvalidMessage, UnknownObject (foreign party)."""
    fields = Fields.of(message, "")
    owner = party_of(fields) or party_for(peer, fields)
    read = read_cdr(fields, owner=owner, version=version, raw=raw)
    require_owner(peer=peer, owner=PartyRef.of(read.country_code, read.party_id))
    return read


def require_credit_taken(*, peer: Peer, message: Message) -> None:
    """Raises InvalidMessage for a credit CDR of a peer that has none."""
    if message.get("credit") and not peer.sends_credit_cdrs:
        raise InvalidMessage("This connection has no credit CDRs.", field="credit")


def require_own(*, peer: Peer, message: CdrMessage) -> None:
    """The CDR did not come through another connected peer. Raises UnknownObject."""
    party = PartyRef.of(message.country_code, message.party_id)
    require_no_other(peer=peer, identity=Identity("cdrs", party, message.cdr_id))


def receive_peer_cdrs(
    *, peer: Peer, messages: Sequence[CdrMessage], now: datetime
) -> list[Arrival]:
    """Store CDRs of a peer; refusals are in the arrivals, and are kept for staff as conflicts."""
    arrivals = [Arrival(message) for message in messages]
    receive_arrivals_of(peer=peer, arrivals=arrivals, now=now)
    return arrivals


def receive_arrivals_of(*, peer: Peer, arrivals: Sequence[Arrival], now: datetime) -> None:
    """As receive_peer_cdrs, for arrivals that say by whom and under which id."""
    with transaction.atomic():
        receive_arrivals(arrivals, source=source_of(peer), now=now)
        kept = [_note(peer, arrival.message) for arrival in arrivals if arrival.error is None]
        # One that is noted already stays as it is.
        KeptObject.objects.bulk_create(kept, ignore_conflicts=True, batch_size=500)


def _note(peer: Peer, message: CdrMessage) -> KeptObject:
    owner = PartyRef.of(message.country_code, message.party_id)
    identity = Identity("cdrs", owner, message.cdr_id)
    return KeptObject(peer=peer, version=message.ocpi_version, **identity.filters())


def get_cdr(*, peer: Peer, reference: str, version: Version) -> Message:
    """The CDR as the peer sent it, by the address we gave or by its id.

    Raises UnknownObject, SentInOtherVersion.
    """
    raw, sent_in = _sent_by(peer, reference) or (ERASED, "")
    if raw == ERASED:
        raise UnknownObject("There is no such CDR of this connection.")
    if sent_in != version.value:
        raise SentInOtherVersion(f"This CDR was sent in OCPI {sent_in}; ask for it there.")
    message: Message = json.read(raw)
    return message


def _sent_by(peer: Peer, reference: str) -> tuple[str, str] | None:
    """The message and its version."""
    if waiting := _waiting(peer, reference):
        return waiting.message, waiting.version
    cdr = _by_key(reference) or _by_note(peer, reference)
    if cdr is None:
        return None
    owner = PartyRef.of(cdr.country_code, cdr.party_id)
    if find_kept(peer=peer, identity=Identity("cdrs", owner, cdr.cdr_id)) is None:
        return None
    return cdr.raw, cdr.ocpi_version


def note_address(*, peer: Peer, cdr: CDR, address: UUID) -> None:
    """The peer was told another address of the CDR, before it came another way."""
    _notes_of(peer, cdr).update(given_address=address)


def address_of(*, peer: Peer, cdr: CDR) -> UUID:
    """The address of a CDR that the peer was told first."""
    told: UUID | None = _notes_of(peer, cdr).values_list("given_address", flat=True).first()
    return told or cdr.pk


def _notes_of(peer: Peer, cdr: CDR) -> Any:
    owner = PartyRef.of(cdr.country_code, cdr.party_id)
    identity = Identity("cdrs", owner, cdr.cdr_id)
    return KeptObject.objects.filter(peer=peer, **identity.filters())


def _waiting(peer: Peer, reference: str) -> WaitingCdr | None:
    key = as_uuid(reference)
    wanted = Q(pk=key) if key else Q(key=reference.upper())
    return WaitingCdr.objects.filter(wanted, peer=peer).first()


def _by_key(reference: str) -> CDR | None:
    key = as_uuid(reference)
    found: CDR | None = CDR.objects.live().filter(pk=key).first() if key else None
    return found


def _by_note(peer: Peer, reference: str) -> CDR | None:
    address = as_uuid(reference)
    wanted = Q(given_address=address) if address else Q(key=reference.upper())
    kept = KeptObject.objects.filter(wanted, peer=peer, module="cdrs").first()
    if kept is None and address:
        kept = KeptObject.objects.filter(peer=peer, module="cdrs", key=reference.upper()).first()
    if kept is None:
        return None
    found: CDR | None = (
        CDR.objects.live()
        .identified_by(country_code=kept.country_code, party_id=kept.party_id, cdr_id=kept.key)
        .first()
    )
    return found
