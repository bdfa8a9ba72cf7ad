"""May this token charge now, and there? (`mod_tokens`, real-time authorization)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Upper

from apps.accounts.models import Token
from apps.core.ids import new_id
from apps.locations.models import Evse
from apps.roaming.models import Authorization, Peer
from apps.roaming.ocpi.errors import UnknownToken
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import LocationReferences, TokenMessage
from apps.roaming.services.tokens import Owners, find_record, token_message

ALLOWED, BLOCKED, NOT_ALLOWED = "ALLOWED", "BLOCKED", "NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed` as AllowedType; `place` are the LocationReferences where it holds."""

    token: TokenMessage
    allowed: str
    reference: str
    place: dict[str, Any] | None


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
    granted, evses = _place_of(place)
    allowed = ALLOWED if message.valid else BLOCKED
    if message.valid and place.location_id and not granted:
        allowed = NOT_ALLOWED
    reference = _note(peer, record, allowed, place, evses, now) if allowed == ALLOWED else ""
    return Decision(message, allowed, reference, granted if allowed == ALLOWED else None)


def _place_of(place: LocationReferences) -> tuple[dict[str, Any] | None, list[str]]:
    """The part of the place where charging is possible; a place unknown to us is not refused."""
    if not place.location_id:
        return None, []
    known = Evse.objects.alias(loc=Upper("location__location_id")).filter(
        loc=place.location_id.upper()
    )
    gone = {evse.uid.upper() for evse in known if evse.status == Evse.Status.REMOVED}
    left = [uid for uid in place.evse_uids if uid.upper() not in gone]
    if place.evse_uids and not left:
        return None, []
    granted: dict[str, Any] = {"location_id": place.location_id}
    if left:
        granted["evse_uids"] = left
    return granted, left


def _note(
    peer: Peer, token: Token, allowed: str, place: LocationReferences, evses: list[str],
    now: datetime,
) -> str:  # fmt: skip
    given = Authorization.objects.create(
        peer=peer, token=token, reference=str(new_id()), allowed=allowed,
        location_id=place.location_id, evse_uids=evses, answered_at=now,
    )  # fmt: skip
    return given.reference
