"""May this token charge now, and there? (`mod_tokens`, real-time authorization).

Our tokens charge everywhere. What we know of the place decides nothing: its opening hours and the
statuses of its EVSEs may be out of date, and it may be one that was never published.
"""

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import Token
from apps.core.ids import new_id
from apps.roaming.models import Authorization, Peer
from apps.roaming.ocpi.errors import UnknownToken
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import LocationReferences, TokenMessage
from apps.roaming.services.tokens import Owners, find_record, token_message

ALLOWED, BLOCKED = "ALLOWED", "BLOCKED"


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed` as AllowedType; `place` is where it holds."""

    token: TokenMessage
    allowed: str
    reference: str
    place: LocationReferences


def authorize_token(
    *, peer: Peer, uid: str, kind: str, place: LocationReferences, now: datetime,
    owner: PartyRef | None = None,
) -> Decision:  # fmt: skip
    """Decide, and keep the reference that sessions and CDRs will carry.

    `owner`: the party of the token, when the peer named one. Raises UnknownToken.
    """
    record = find_record(peer=peer, uid=uid, kind=kind)
    message = token_message(peer, record, Owners.load(peer)) if record else None
    if record is None or message is None or owner not in (None, message.party):
        raise UnknownToken(f"There is no token {uid[:36]} here.")
    if not message.valid:
        return Decision(message, BLOCKED, "", LocationReferences())
    return Decision(message, ALLOWED, _note(peer, record, place, now), place)


def _note(peer: Peer, token: Token, place: LocationReferences, now: datetime) -> str:
    given = Authorization.objects.create(
        peer=peer, token=token, reference=str(new_id()), allowed=ALLOWED,
        location_id=place.location_id, evse_uids=list(place.evse_uids), answered_at=now,
    )  # fmt: skip
    return given.reference
