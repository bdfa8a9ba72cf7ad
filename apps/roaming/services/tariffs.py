"""Peers' tariffs: kept whole, and entered into the tariff book.

A hub may have several of one id, each for one eMSP and one for all others (`target_of`): each is
kept by itself, so that one never counts as older or newer than another.
"""

from datetime import datetime
from typing import Any

from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.merging import merge_patch
from apps.roaming.ocpi.parties import require_party_of_url, require_same
from apps.roaming.ocpi.tariffs import check_tariff, target_of
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import (
    find_kept,
    forget,
    is_older,
    keep,
    require_owner,
    stored_message,
)
from apps.roaming.services.locations import require_last_updated
from apps.roaming.services.tariff_book import (
    enter_tariff,
    kept_tariffs,
    tariff_identity,
    withdraw_tariff,
)

Message = dict[str, Any]


def get_tariff(*, peer: Peer, owner: PartyRef, tariff_id: str, version: Version) -> Message:
    """As the peer sent it: the one for us before the one for all.

    Raises UnknownObject, SentInOtherVersion.
    """
    for kept in _kept(peer, owner, tariff_id):
        if (message := stored_message(kept, version)) is not None:
            return message
    raise UnknownObject(f"There is no tariff {tariff_id} of {owner} here.")


def put_tariff(
    *, peer: Peer, owner: PartyRef, tariff_id: str, message: Message, version: Version,
    now: datetime,
) -> bool:  # fmt: skip
    """Create or replace; True when it is new. An older one is ignored. Raises InvalidMessage."""
    require_same("id", in_url=tariff_id, in_body=message.get("id"))
    require_party_of_url(message, owner)
    fields = Fields.of(message, "")
    check_tariff(fields)
    identity = tariff_identity(owner, tariff_id, target_of(message))
    kept = find_kept(peer=peer, identity=identity, lock=True)
    updated = fields.opt_time("last_updated")
    if is_older(kept, updated, peer=peer, version=version):
        return False
    is_new = keep(
        peer=peer, identity=identity, version=version, message=message, last_updated=updated,
        kept=kept,
    )  # fmt: skip
    if is_new is not None:
        enter_tariff(peer=peer, owner=owner, message=message, version=version, now=now)
    return bool(is_new)


def patch_tariff(
    *, peer: Peer, owner: PartyRef, tariff_id: str, patch: Message, version: Version, now: datetime
) -> None:
    """Only 2.1.1 patches tariffs. Raises InvalidMessage, UnknownObject."""
    require_last_updated(patch, version)
    for kept in _kept(peer, owner, tariff_id, lock=True):
        standing = stored_message(kept, version)
        if standing is not None:
            break
    else:
        raise UnknownObject(f"There is no tariff {tariff_id} of {owner} here.")
    updated = Fields(patch).opt_time("last_updated")
    if not is_older(kept, updated, peer=peer, version=version):
        put_tariff(
            peer=peer, owner=owner, tariff_id=tariff_id, message=merge_patch(standing, patch),
            version=version, now=now,
        )  # fmt: skip


def delete_tariff(*, peer: Peer, owner: PartyRef, tariff_id: str, now: datetime) -> None:
    """The operator uses it no more, for whomever it is. Raises UnknownObject."""
    found = _kept(peer, owner, tariff_id, lock=True)
    if not found:
        raise UnknownObject(f"There is no tariff {tariff_id} of {owner}.")
    for kept in found:
        forget(kept=kept, now=now)
    withdraw_tariff(
        owner=owner, tariff_id=tariff_id, now=now, reason="withdrawn by the operator"
    )  # fmt: skip


def _kept(
    peer: Peer, owner: PartyRef, tariff_id: str, *, lock: bool = False
) -> list[KeptObject]:  # fmt: skip
    """Raises UnknownObject when they came through another connected peer, as find_kept does."""
    require_owner(peer=peer, owner=owner)
    found = kept_tariffs(owner=owner, tariff_id=tariff_id, lock=lock)
    if any(
        kept.peer_id != peer.pk and kept.peer.state == Peer.State.REGISTERED for kept in found
    ):  # fmt: skip
        raise UnknownObject("There is no such object of this connection.")
    return found
