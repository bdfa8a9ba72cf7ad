"""Peers' objects as they sent them: kept whole, newest word wins, each with its owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.audit.personal import ERASED
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object: module, owner and id, compared without case."""

    module: str
    owner: PartyRef
    object_id: str

    def filters(self) -> dict[str, str]:
        return {
            "module": self.module,
            "country_code": self.owner.country_code,
            "party_id": self.owner.party_id,
            "key": self.object_id.strip().upper(),
        }


class SentInOtherVersion(UnknownObject):
    """The object is there, but the peer sent it before its version of OCPI changed."""

    code = "OCPI_SENT_IN_OTHER_VERSION"


def require_owner(*, peer: Peer, owner: PartyRef) -> None:
    """A peer sees and changes only its own parties' objects. Raises UnknownObject (404)."""
    if not peer.owns(owner):
        raise UnknownObject(f"{owner} is no party of this connection.")


def find_kept(*, peer: Peer, identity: Identity, lock: bool = False) -> KeptObject | None:
    """The object, also a deleted one; None when it is not there. Raises UnknownObject.

    An object that came from another connected peer is 404 for this one, also for a hub.
    """
    require_owner(peer=peer, owner=identity.owner)
    rows = KeptObject.objects.select_for_update(of=("self",)) if lock else KeptObject.objects
    kept: KeptObject | None = rows.select_related("peer").filter(**identity.filters()).first()
    if kept is not None and kept.peer_id != peer.pk and kept.peer.state == Peer.State.REGISTERED:
        raise UnknownObject("There is no such object of this connection.")
    return kept


def require_no_other(*, peer: Peer, identity: Identity) -> None:
    """The object may come through this peer. Raises UnknownObject as find_kept, for less."""
    require_owner(peer=peer, owner=identity.owner)
    others = KeptObject.objects.filter(**identity.filters()).exclude(peer=peer)
    if Peer.State.REGISTERED in others.values_list("peer__state", flat=True):
        raise UnknownObject("There is no such object of this connection.")


def stored_message(kept: KeptObject | None, version: Version) -> Message | None:
    """The object as the peer sent it, or None when it is not there, deleted or erased.

    Raises SentInOtherVersion: what one version says is no message of another, neither to be given
    back nor to be patched.
    """
    if kept is None or kept.deleted_at is not None or kept.body == ERASED:
        return None
    if kept.version != version.value:
        raise SentInOtherVersion(
            f"{kept.key} was sent in OCPI {kept.version}; send it whole in {version.value}."
        )
    message: Message = json.read(kept.body)
    return message


def is_older(
    kept: KeptObject | None, last_updated: datetime | None, *, peer: Peer, version: Version
) -> bool:
    """Was the message overtaken by a newer one, of the same peer in the same version?

    What was said in another version, or by a peer that left, has to be said anew.
    """
    return (
        kept is not None
        and kept.deleted_at is None
        and (kept.peer_id, kept.version) == (peer.pk, version.value)
        and kept.last_updated is not None
        and last_updated is not None
        and last_updated < kept.last_updated
    )


def keep(
    *,
    peer: Peer,
    identity: Identity,
    version: Version,
    message: Message | None,
    last_updated: datetime | None,
    kept: KeptObject | None,
) -> bool | None:
    """Write the object down; True when it is new, None when a newer one came at this moment.

    `kept` is what find_kept(lock=True) gave.
    """
    values = {
        "peer": peer,
        "version": version.value,
        "body": "" if message is None else json.write(message),
        "last_updated": last_updated,
        "deleted_at": None,
    }
    if kept is None:
        try:
            with transaction.atomic():
                KeptObject.objects.create(**identity.filters(), **values)
            return True
        except IntegrityError:
            # The same object arrived through another process at this moment.
            kept = KeptObject.objects.select_for_update(of=("self",)).get(**identity.filters())
            if is_older(kept, last_updated, peer=peer, version=version):
                return None
    is_new = kept.deleted_at is not None
    for name, value in values.items():
        setattr(kept, name, value)
    kept.save()
    return is_new


def forget(*, kept: KeptObject, now: datetime) -> None:
    """The peer deleted the object."""
    kept.deleted_at = now
    kept.save(update_fields=["deleted_at", "updated_at"])
