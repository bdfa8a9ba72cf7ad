"""Other eMSPs' tokens as they push them: kept whole."""

from typing import Any

from apps.roaming.models import Peer
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.merging import merge_patch
from apps.roaming.ocpi.parties import require_party_of_url, require_same
from apps.roaming.ocpi.tokens import check_token
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, is_older, keep, stored_message
from apps.roaming.services.locations import require_last_updated

Message = dict[str, Any]


def get_token(*, peer: Peer, owner: PartyRef, uid: str, version: Version) -> Message:
    """The token as the peer sent it. Raises UnknownObject, SentInOtherVersion."""
    found = stored_message(find_kept(peer=peer, identity=_identity(owner, uid)), version)
    if found is None:
        raise UnknownObject(f"There is no token {uid} of {owner} here.")
    return found


def put_token(*, peer: Peer, owner: PartyRef, uid: str, message: Message, version: Version) -> bool:
    """Create or replace; True when it is new. An older one is ignored. Raises InvalidMessage."""
    _check(owner, uid, message, version)
    kept = find_kept(peer=peer, identity=_identity(owner, uid), lock=True)
    updated = Fields(message).opt_time("last_updated")
    if is_older(kept, updated, peer=peer, version=version):
        return False
    is_new = keep(
        peer=peer, identity=_identity(owner, uid), version=version, message=message,
        last_updated=updated, kept=kept,
    )  # fmt: skip
    return bool(is_new)


def patch_token(
    *, peer: Peer, owner: PartyRef, uid: str, patch: Message, version: Version
) -> None:  # fmt: skip
    """Change the named members. Raises InvalidMessage, UnknownObject."""
    require_last_updated(patch, version)
    # The lock is held until the transaction ends: what is merged is what stands.
    kept = find_kept(peer=peer, identity=_identity(owner, uid), lock=True)
    standing = stored_message(kept, version)
    if standing is None:
        raise UnknownObject(f"There is no token {uid} of {owner} here.")
    merged = merge_patch(standing, patch)
    if not is_older(
        kept, Fields(patch).opt_time("last_updated"), peer=peer, version=version
    ):  # fmt: skip
        put_token(peer=peer, owner=owner, uid=uid, message=merged, version=version)


def _identity(owner: PartyRef, uid: str) -> Identity:
    return Identity("tokens", owner, uid)


def _check(owner: PartyRef, uid: str, message: Message, version: Version) -> None:
    require_same("uid", in_url=uid, in_body=message.get("uid"))
    require_party_of_url(message, owner)
    check_token(Fields.of(message, ""), version)
