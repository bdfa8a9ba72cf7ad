"""Peers' tariffs and other eMSPs' tokens: kept whole; tariffs go into the tariff book too."""

from datetime import datetime
from typing import Any

from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.merging import merge_patch
from apps.roaming.ocpi.parties import require_party_of_url, require_same
from apps.roaming.ocpi.tariffs import check_tariff
from apps.roaming.ocpi.tokens import check_token
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import (
    Identity,
    find_kept,
    forget,
    is_older,
    keep,
    stored_message,
)
from apps.roaming.services.locations import with_last_updated
from apps.roaming.services.tariff_book import enter_tariff, withdraw_tariff

Message = dict[str, Any]


def get_object(*, peer: Peer, identity: Identity, version: Version) -> Message:
    """The object as the peer sent it. Raises UnknownObject, SentInOtherVersion."""
    found = stored_message(find_kept(peer=peer, identity=identity), version)
    if found is None:
        raise UnknownObject(f"There is no {identity.object_id} of {identity.owner} here.")
    return found


def put_tariff(
    *, peer: Peer, owner: PartyRef, tariff_id: str, message: Message, version: Version,
    now: datetime,
) -> bool:  # fmt: skip
    """Create or replace; True when it is new. An older one is ignored. Raises InvalidMessage."""
    require_same("id", in_url=tariff_id, in_body=message.get("id"))
    require_party_of_url(message, owner)
    check_tariff(Fields.of(message, ""))
    return _store_tariff(peer, Identity("tariffs", owner, tariff_id), message, version, now)


def patch_tariff(
    *, peer: Peer, owner: PartyRef, tariff_id: str, patch: Message, version: Version, now: datetime
) -> None:
    """Only 2.1.1 patches tariffs. Raises InvalidMessage, UnknownObject."""
    identity = Identity("tariffs", owner, tariff_id)
    merged = _merged(peer, identity, patch, version, now)
    check_tariff(Fields(merged))
    _store_tariff(peer, identity, merged, version, now)


def delete_tariff(*, peer: Peer, owner: PartyRef, tariff_id: str, now: datetime) -> None:
    """The operator uses it no more. Raises UnknownObject."""
    kept = find_kept(peer=peer, identity=Identity("tariffs", owner, tariff_id), lock=True)
    if kept is None or kept.deleted_at is not None:
        raise UnknownObject(f"There is no tariff {tariff_id} of {owner}.")
    forget(kept=kept, now=now)
    withdraw_tariff(
        owner=owner, tariff_id=tariff_id, now=now, reason="withdrawn by the operator"
    )  # fmt: skip


def put_token(*, peer: Peer, owner: PartyRef, uid: str, message: Message, version: Version) -> bool:
    """Another eMSP's token. Raises InvalidMessage."""
    require_same("uid", in_url=uid, in_body=message.get("uid"))
    require_party_of_url(message, owner)
    check_token(Fields.of(message, ""), version)
    return bool(_store(peer, Identity("tokens", owner, uid), message, version))


def patch_token(
    *, peer: Peer, owner: PartyRef, uid: str, patch: Message, version: Version, now: datetime
) -> None:
    """Raises InvalidMessage, UnknownObject."""
    identity = Identity("tokens", owner, uid)
    merged = _merged(peer, identity, patch, version, now)
    check_token(Fields(merged), version)
    _store(peer, identity, merged, version)


def _merged(
    peer: Peer, identity: Identity, patch: Message, version: Version, now: datetime
) -> Message:
    patch = with_last_updated(patch, version, now)
    standing = get_object(peer=peer, identity=identity, version=version)
    kept = find_kept(peer=peer, identity=identity)
    if is_older(kept, Fields(patch).time("last_updated")):
        return standing
    return merge_patch(standing, patch)


def _store_tariff(
    peer: Peer, identity: Identity, message: Message, version: Version, now: datetime
) -> bool:
    is_new = _store(peer, identity, message, version)
    if is_new is not None:
        enter_tariff(
            peer=peer, owner=identity.owner, message=message, version=version, now=now
        )  # fmt: skip
    return bool(is_new)


def _store(peer: Peer, identity: Identity, message: Message, version: Version) -> bool | None:
    """True when it is new, None when it was overtaken by a newer one and nothing was stored."""
    kept: KeptObject | None = find_kept(peer=peer, identity=identity, lock=True)
    updated = Fields(message).opt_time("last_updated")
    if is_older(kept, updated):
        return None
    return keep(
        peer=peer, identity=identity, version=version, message=message, last_updated=updated,
        kept=kept,
    )  # fmt: skip
