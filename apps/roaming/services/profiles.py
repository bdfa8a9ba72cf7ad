"""The charging profile that is active on a session, as its operator last said."""

from datetime import datetime
from typing import Any

from apps.roaming.models import Peer
from apps.roaming.ocpi.charging_profiles import check_active_profile
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, is_older, keep

Message = dict[str, Any]
MODULE = "chargingprofiles"


def keep_active_profile(
    *, peer: Peer, session_id: str, message: Message, version: Version,
    sender: PartyRef | None = None, now: datetime,
) -> None:  # fmt: skip
    """Keep it under the session; one that was calculated earlier is ignored.

    `sender`: the operator, where a hub says so. Raises InvalidMessage; UnknownObject for a foreign
    session.
    """
    calculated = check_active_profile(Fields.of(message, ""))
    owner = _owner_of_session(peer, session_id, sender)
    identity = Identity(MODULE, owner, session_id)
    kept = find_kept(peer=peer, identity=identity, lock=True)
    if is_older(kept, calculated, peer=peer, version=version):
        return
    keep(
        peer=peer, identity=identity, version=version, message=message, last_updated=calculated,
        kept=kept,
    )  # fmt: skip


def _owner_of_session(peer: Peer, session_id: str, sender: PartyRef | None) -> PartyRef:
    """Behind a hub several operators may use the same id."""
    sessions = peer.kept_objects.filter(module="sessions", key=session_id.strip().upper())
    owners = [PartyRef.of(each.country_code, each.party_id) for each in sessions]
    if sender in owners:
        return sender
    if len(owners) != 1:
        raise UnknownObject(f"There is no session {session_id[:36]} of this connection.")
    return owners[0]
