"""Peers' sessions: kept whole, and handed to the platform."""

from datetime import datetime
from typing import Any

from apps.cdrs.models import CDR
from apps.cdrs.services import receive_session
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.merging import merge_session_patch
from apps.roaming.ocpi.parties import require_party_of_url, require_same
from apps.roaming.ocpi.sessions import read_session
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, is_older, keep, stored_message
from apps.roaming.services.locations import require_last_updated

Message = dict[str, Any]


def source_of(peer: Peer) -> str:
    """What the platform calls the door that charges of this peer come through."""
    return CDR.Source.HUB if peer.hub else CDR.Source.OCPI


def get_session(*, peer: Peer, owner: PartyRef, session_id: str, version: Version) -> Message:
    """The session as the peer sent it. Raises UnknownObject, SentInOtherVersion."""
    found = stored_message(find_kept(peer=peer, identity=_identity(owner, session_id)), version)
    if found is None:
        raise UnknownObject(f"There is no session {session_id} of {owner}.")
    return found


def put_session(
    *, peer: Peer, owner: PartyRef, session_id: str, message: Message, version: Version,
    now: datetime,
) -> bool:  # fmt: skip
    """Create or replace; True when it is new. An older one is ignored. Raises InvalidMessage."""
    require_same("id", in_url=session_id, in_body=message.get("id"))
    require_party_of_url(message, owner)
    kept = find_kept(peer=peer, identity=_identity(owner, session_id), lock=True)
    return _store(peer, owner, session_id, message, version, kept, now)


def patch_session(
    *, peer: Peer, owner: PartyRef, session_id: str, patch: Message, version: Version,
    now: datetime,
) -> None:  # fmt: skip
    """Change the named members; charging periods are appended.

    Raises InvalidMessage, UnknownObject.
    """
    require_last_updated(patch, version)
    require_same("id", in_url=session_id, in_body=patch.get("id"))
    require_party_of_url(patch, owner)
    Fields(patch).items("charging_periods")
    kept = find_kept(peer=peer, identity=_identity(owner, session_id), lock=True)
    standing = stored_message(kept, version)
    if standing is None:
        raise UnknownObject(f"There is no session {session_id} of {owner}.")
    if is_older(kept, Fields(patch).opt_time("last_updated"), peer=peer, version=version):
        return
    _store(peer, owner, session_id, merge_session_patch(standing, patch), version, kept, now)


def _identity(owner: PartyRef, session_id: str) -> Identity:
    return Identity("sessions", owner, session_id)


def _store(
    peer: Peer, owner: PartyRef, session_id: str, message: Message, version: Version,
    kept: KeptObject | None, now: datetime,
) -> bool:  # fmt: skip
    read = read_session(Fields(message), owner=owner, raw=json.write(message))
    if is_older(kept, read.last_updated, peer=peer, version=version):
        return False
    is_new = keep(
        peer=peer, identity=_identity(owner, session_id), version=version, message=message,
        last_updated=read.last_updated, kept=kept,
    )  # fmt: skip
    if is_new is None:
        return False
    receive_session(message=read, source=source_of(peer), now=now)
    return is_new
