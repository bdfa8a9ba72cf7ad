"""The charging profile that is active on a session, as its operator last said."""

from datetime import datetime
from typing import Any

from apps.roaming.models import Peer
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, keep

Message = dict[str, Any]
MODULE = "chargingprofiles"


def keep_active_profile(
    *, peer: Peer, session_id: str, message: Message, version: Version, now: datetime
) -> None:
    """Keep it under the session. Raises InvalidMessage; UnknownObject for a foreign session."""
    fields = Fields.of(message, "")
    started = fields.time("start_date_time")
    fields.object("charging_profile")
    owner = _owner_of_session(peer, session_id)
    identity = Identity(MODULE, owner, session_id)
    kept = find_kept(peer=peer, identity=identity, lock=True)
    keep(
        peer=peer, identity=identity, version=version, message=message, last_updated=started,
        kept=kept,
    )  # fmt: skip


def _owner_of_session(peer: Peer, session_id: str) -> PartyRef:
    sessions = peer.kept_objects.filter(module="sessions", key=session_id.strip().upper())
    session = sessions.first()
    if session is None:
        raise UnknownObject(f"There is no session {session_id[:36]} of this connection.")
    return PartyRef.of(session.country_code, session.party_id)
