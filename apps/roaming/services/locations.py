"""Peers' locations, EVSEs and connectors: kept whole, and published to the platform."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.core.errors import DomainError
from apps.locations.publishing import get_or_add_operator, publish_locations
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import InvalidMessage, UnknownLocation
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import operator_name, read_connector, read_evse, read_location
from apps.roaming.ocpi.merging import (
    find_ci,
    merge_evse_patch,
    merge_location_patch,
    merge_patch,
    with_item,
)
from apps.roaming.ocpi.parties import require_party_of_url, require_same
from apps.roaming.ocpi.times import read_time
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.keeping import Identity, find_kept, is_older, keep, stored_message

Message = dict[str, Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Spot:
    """A location, or an EVSE or a connector in it (empty ids: the level above)."""

    owner: PartyRef
    location_id: str
    evse_uid: str = ""
    connector_id: str = ""

    @property
    def identity(self) -> Identity:
        return Identity("locations", self.owner, self.location_id)


def get_spot(*, peer: Peer, spot: Spot, version: Version) -> Message:
    """The object as the peer sent it. Raises UnknownLocation, SentInOtherVersion."""
    location = stored_message(find_kept(peer=peer, identity=spot.identity), version)
    if location is None:
        raise UnknownLocation(f"There is no location {spot.location_id} of {spot.owner}.")
    return _inside(location, spot)


def _inside(location: Message, spot: Spot) -> Message:
    found = location
    for list_name, id_name, wanted in _levels(spot):
        position = find_ci(found.get(list_name), id_name, wanted)
        if position is None:
            raise UnknownLocation(f"There is no {id_name} {wanted} in this location.")
        found = found[list_name][position]
    return found


def _levels(spot: Spot) -> list[tuple[str, str, str]]:
    levels = [("evses", "uid", spot.evse_uid), ("connectors", "id", spot.connector_id)]
    return [level for level in levels if level[2]]


def put_spot(*, peer: Peer, spot: Spot, message: Message, version: Version, now: datetime) -> bool:
    """Create or replace; True when it is new. An older one is ignored.

    Raises InvalidMessage, UnknownLocation for an EVSE or connector of an unknown location.
    """
    _check(spot, message)
    kept = find_kept(peer=peer, identity=spot.identity, lock=True)
    if not spot.evse_uid:
        return _put_location(peer, spot, message, version, kept)
    location = stored_message(kept, version)
    if location is None:
        raise UnknownLocation(f"There is no location {spot.location_id} of {spot.owner}.")
    try:
        standing = _inside(location, spot)
    except UnknownLocation:
        standing = None
    if standing and _is_older(standing, message):
        return False
    _store(peer, spot, _with_inner(location, spot, message), version, kept)
    return standing is None


def _put_location(
    peer: Peer, spot: Spot, message: Message, version: Version, kept: KeptObject | None
) -> bool:
    if is_older(kept, _updated(message), peer=peer, version=version):
        return False
    known = kept if kept is not None and kept.peer_id == peer.pk else None
    said = with_newer_evses(message, known, version.value)
    return _store(peer, spot, said, version, kept, at=_updated(message))


def with_newer_evses(message: Message, kept: KeptObject | None, version: str) -> Message:
    """The location as it arrives, with those charging points as they stand that changed since.

    A location may be older than its EVSEs and yet say something new: Gireve's keep their time when
    a status changes ("EVSE.status updates are not considered"), and messages overtake each other.
    """
    if kept is None or kept.deleted_at is not None or kept.version != version:
        return message
    standing = json.read(kept.body)
    if not _changed_inside(kept, standing):
        return message
    said = message
    for evse in standing.get("evses") or ():
        if not _is_older(evse, message):
            continue
        position = find_ci(said.get("evses"), "uid", evse["uid"])
        if position is None or _is_older(evse, said["evses"][position]):
            said = _as_new_as(with_item(said, "evses", "uid", evse), evse)
    return said


def _changed_inside(kept: KeptObject, standing: Message) -> bool:
    """Was an EVSE or connector pushed since the location itself was?"""
    whole, inner = kept.last_updated, _updated(standing)
    return whole is not None and inner is not None and inner > whole


def patch_spot(*, peer: Peer, spot: Spot, patch: Message, version: Version) -> None:
    """Change the named members. An older patch is ignored.

    Raises InvalidMessage without `last_updated` (its absence is legal in 2.1.1), UnknownLocation.
    """
    require_last_updated(patch, version)
    kept = find_kept(peer=peer, identity=spot.identity, lock=True)
    location = stored_message(kept, version)
    if location is None:
        raise UnknownLocation(f"There is no location {spot.location_id} of {spot.owner}.")
    standing = _inside(location, spot)
    if spot.evse_uid:
        overtaken = _is_older(standing, patch)
    else:
        overtaken = is_older(kept, _updated(patch), peer=peer, version=version)
    if overtaken:
        return
    merged = _merged(spot, standing, patch)
    _check(spot, merged)
    at = None if spot.evse_uid else _updated(patch)
    _store(peer, spot, _with_inner(location, spot, merged), version, kept, at=at)


def _merged(spot: Spot, standing: Message, patch: Message) -> Message:
    if spot.connector_id:
        return merge_patch(standing, patch)
    if spot.evse_uid:
        return merge_evse_patch(standing, patch)
    # It may be older than something in it.
    return _as_new_as(merge_location_patch(standing, patch), standing)


def require_last_updated(patch: Message, version: Version) -> None:
    """2.2 demands `last_updated` in a PATCH. Raises InvalidMessage.

    The examples of 2.1.1 have none; what stands then keeps its time. With a time of ours, what the
    peer changes next would be older when its clock is behind, or its message waited in a queue.
    """
    Fields(patch).opt_time("last_updated")
    if version.has_roles and patch.get("last_updated") is None:
        raise InvalidMessage("Missing required field: last_updated.", field="last_updated")


def _with_inner(location: Message, spot: Spot, inner: Message) -> Message:
    """The location with the inner object in place; the parents are as new as it is."""
    if spot.connector_id:
        position = find_ci(location.get("evses"), "uid", spot.evse_uid)
        if position is None:
            raise UnknownLocation(f"There is no EVSE {spot.evse_uid} in this location.")
        evse = with_item(location["evses"][position], "connectors", "id", inner)
        inner = _as_new_as(evse, inner)
        return _as_new_as(with_item(location, "evses", "uid", inner), inner)
    if spot.evse_uid:
        return _as_new_as(with_item(location, "evses", "uid", inner), inner)
    return inner


def _as_new_as(parent: Message, child: Message) -> Message:
    before, after = _updated(parent), _updated(child)
    if after is None or (before is not None and after < before):
        return parent
    return {**parent, "last_updated": child["last_updated"]}


def _is_older(standing: Message, message: Message) -> bool:
    """Is the message older than what stands?"""
    before, after = _updated(standing), _updated(message)
    return before is not None and after is not None and after < before


def _updated(message: Message) -> datetime | None:
    value = message.get("last_updated")
    return read_time(value) if isinstance(value, str) else None


def _check(spot: Spot, message: Message) -> None:
    fields = Fields.of(message, "")
    if spot.connector_id:
        require_same("id", in_url=spot.connector_id, in_body=message.get("id"))
        read_connector(fields)
    elif spot.evse_uid:
        require_same("uid", in_url=spot.evse_uid, in_body=message.get("uid"))
        read_evse(fields)
    else:
        require_same("id", in_url=spot.location_id, in_body=message.get("id"))
        require_party_of_url(message, spot.owner)
        read_location(fields)


def _store(
    peer: Peer, spot: Spot, location: Message, version: Version, kept: KeptObject | None,
    at: datetime | None = None,
) -> bool:  # fmt: skip
    """`at`: the time of what was said of the location itself; None: only of something in it."""
    fields = Fields(location)
    is_new = keep(
        peer=peer, identity=spot.identity, version=version, message=location,
        last_updated=at or (kept.last_updated if kept else None), kept=kept,
    )  # fmt: skip
    if is_new is None:
        return False
    _publish(peer, spot.owner, fields)
    return is_new


def _publish(peer: Peer, owner: PartyRef, fields: Fields) -> None:
    operator = get_or_add_operator(
        country_code=owner.country_code, party_id=owner.party_id,
        name=name_of_party(peer, owner) or operator_name(fields),
    )  # fmt: skip
    publish_locations(operator=operator, messages=[read_location(fields)])


def publish_kept_locations() -> dict[str, int]:
    """Publish what connected peers sent as it is read now; how many, and how many can't be read.

    Each in a transaction of its own; run again, it changes nothing.
    """
    kept = KeptObject.objects.filter(
        module="locations", deleted_at=None, peer__state=Peer.State.REGISTERED
    )
    counts = {"published": 0, "not read": 0}
    for each in kept.select_related("peer").order_by("pk").iterator(chunk_size=500):
        owner = PartyRef.of(each.country_code, each.party_id)
        try:
            with transaction.atomic():
                _publish(each.peer, owner, Fields(json.read(each.body)))
            counts["published"] += 1
        except DomainError as error:
            log.warning("location_not_read", location=each.key, message=error.message)
            counts["not read"] += 1
    return counts


def name_of_party(peer: Peer, party: PartyRef) -> str:
    """The name under which the peer presented its party; "" when it did not."""
    for role in peer.roles:
        if PartyRef.of(role["country_code"], role["party_id"]) == party:
            return str(role.get("business_details", {}).get("name", ""))[:200]
    return ""
