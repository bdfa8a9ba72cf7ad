"""What becomes of the objects of one pulled page: the right ones are kept, the others told."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.audit.personal import keyring
from apps.cdrs.messages import CdrMessage
from apps.core.errors import DomainError
from apps.locations.messages import LocationMessage
from apps.locations.publishing import get_or_add_operator, publish_locations
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.hub_clients import read_client_info
from apps.roaming.ocpi.locations import operator_name, read_location
from apps.roaming.ocpi.parties import party_of
from apps.roaming.ocpi.tariffs import check_tariff, target_of
from apps.roaming.ocpi.tokens import check_token
from apps.roaming.services.cdrs import (
    party_for,
    read_peer_cdr,
    receive_peer_cdrs,
    require_credit_taken,
    require_own,
)
from apps.roaming.services.hub_clients import put_client_info
from apps.roaming.services.keeping import is_older
from apps.roaming.services.locations import name_of_party, with_newer_evses
from apps.roaming.services.receiving_cdrs import settle_waiting
from apps.roaming.services.sessions import put_session
from apps.roaming.services.tariff_book import (
    enter_tariff,
    is_for_us,
    our_parties,
    tariff_identity,
)

Message = dict[str, Any]
Unread = list[str]
# Country, party, id, in capitals.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """An object of a page that can be kept."""

    owner: PartyRef
    object_id: str
    message: Message
    last_updated: datetime | None

    @property
    def key(self) -> Key:
        return self.owner.country_code, self.owner.party_id, self.object_id.upper()


def _owner(peer: Peer, fields: Fields, place: str) -> PartyRef:
    """Raises InvalidMessage for what is not the peer's: such objects may be ignored."""
    owner = party_of(fields) or party_for(peer, fields, place)
    if owner is None or not peer.owns(owner):
        raise InvalidMessage(f"{owner} is no party of this connection.")
    return owner


def _readable(
    objects: Iterable[Any], read: Callable[[Fields], Any], unread: Unread
) -> Iterator[Any]:
    for value in objects:
        try:
            yield read(Fields.of(value, ""))
        except DomainError as error:
            name = value.get("id") or value.get("uid") if isinstance(value, dict) else value
            unread.append(f"{name!s:.60}: {error.message}")


def keep_locations(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    """Locations that are new or newer are kept and published, operator by operator."""
    unread: Unread = []

    def read(fields: Fields) -> tuple[Item, LocationMessage, str]:
        location = read_location(fields)
        owner = _owner(peer, fields, "")
        item = Item(owner, location.location_id, fields.members, location.last_updated)
        return item, location, name_of_party(peer, owner) or operator_name(fields)

    found = list(_readable(objects, read, unread))
    # Those that were kept with newer charging points than they came with.
    mixed: dict[Key, LocationMessage] = {}

    def merge(item: Item, kept: KeptObject) -> Message:
        said = with_newer_evses(item.message, kept, peer.version)
        if said is not item.message:
            mixed[item.key] = read_location(Fields(said))
        return said

    changed = keep_items(peer, "locations", [item for item, *_ in found], now, merge=merge)
    by_operator: dict[PartyRef, list[LocationMessage]] = defaultdict(list)
    names: dict[PartyRef, str] = {}
    for item, location, name in found:
        if item.key in changed:
            by_operator[item.owner].append(mixed.get(item.key, location))
            names[item.owner] = name
    for owner, locations in by_operator.items():
        operator = get_or_add_operator(
            country_code=owner.country_code, party_id=owner.party_id, name=names[owner]
        )
        publish_locations(operator=operator, messages=locations)
    return unread


def keep_tariffs(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    """Tariffs that are new or newer are kept and go into the tariff book."""
    unread: Unread = []

    def read(fields: Fields) -> Item:
        check_tariff(fields)
        owner = _owner(peer, fields, "")
        target = target_of(fields.members)
        kept_by = tariff_identity(owner, fields.identifier("id"), target)
        last_updated = fields.opt_time("last_updated")
        return Item(owner, kept_by.object_id, fields.members, last_updated)

    parties = our_parties()
    # Those for other eMSPs are none of our business; ours is entered before that for all.
    found = [
        item for item in _readable(objects, read, unread)
        if is_for_us(item.message, parties) is not False
    ]  # fmt: skip
    found.sort(key=lambda item: (str(item.owner), not is_for_us(item.message, parties)))
    changed = keep_items(peer, "tariffs", found, now)
    for item in found:
        if item.key in changed:
            enter_tariff(
                peer=peer, owner=item.owner, message=item.message, version=peer.ocpi_version,
                now=now,
            )  # fmt: skip
    return unread


def keep_tokens(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    unread: Unread = []

    def read(fields: Fields) -> Item:
        check_token(fields, peer.ocpi_version)
        owner = _owner(peer, fields, "")
        return Item(owner, fields.identifier("uid"), fields.members, fields.time("last_updated"))

    keep_items(peer, "tokens", list(_readable(objects, read, unread)), now)
    return unread


def keep_sessions(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    """One by one: each may attach to a remote session."""
    unread: Unread = []

    def read(fields: Fields) -> None:
        owner = _owner(peer, fields, "location")
        with transaction.atomic():
            put_session(
                peer=peer, owner=owner, session_id=fields.identifier("id"),
                message=fields.members, version=peer.ocpi_version, now=now,
            )  # fmt: skip

    list(_readable(objects, read, unread))
    return unread


def keep_cdrs(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    unread: Unread = []

    def read(fields: Fields) -> CdrMessage:
        require_credit_taken(peer=peer, message=fields.members)
        raw = json.write(fields.members)
        message = read_peer_cdr(
            peer=peer, message=fields.members, version=peer.ocpi_version, raw=raw
        )
        require_own(peer=peer, message=message)
        return message

    messages = list(_readable(objects, read, unread))
    waiting = settle_waiting(messages, now=now)
    unread.extend(f"{row.key}: waits; {row.last_error}" for row in waiting if row)
    free = [message for message, row in zip(messages, waiting, strict=True) if row is None]
    arrivals = receive_peer_cdrs(peer=peer, messages=free, now=now)
    unread.extend(
        f"{arrival.message.cdr_id}: {arrival.error.message}"
        for arrival in arrivals
        if arrival.error
    )
    return unread


def keep_hub_clients(peer: Peer, objects: list[Any], now: datetime) -> Unread:
    unread: Unread = []

    def read(fields: Fields) -> None:
        party = read_client_info(fields).party
        put_client_info(peer=peer, party=party, message=fields.members, now=now)

    list(_readable(objects, read, unread))
    return unread


def keep_items(
    peer: Peer, module: str, items: list[Item], now: datetime,
    merge: Callable[[Item, KeptObject], Message] = lambda item, kept: item.message,
) -> set[Key]:  # fmt: skip
    """Keep those that are new or newer, in a fixed number of queries; returns their keys.

    Of an object that the page lists twice, the last one. What a peer sent that left becomes the
    peer's who lists it now. `merge`: what is kept of it where another content stands.
    """
    newest = {item.key: item for item in items}
    known = _known(peer, module, newest)
    changed: set[Key] = set()
    new: list[KeptObject] = []
    old: list[KeptObject] = []
    for key, item in newest.items():
        kept = known.get(key)
        body = json.write(item.message)
        if kept is not None and kept.peer_id == peer.pk and kept.body != body:
            body = json.write(merge(item, kept))
        if kept is not None and _stands(kept, peer, body, item.last_updated):
            continue
        changed.add(key)
        row = kept or KeptObject(
            module=module, country_code=key[0], party_id=key[1], key=key[2]
        )  # fmt: skip
        row.peer, row.version, row.body = peer, peer.version, body
        row.last_updated, row.deleted_at, row.updated_at = item.last_updated, None, now
        (new if kept is None else old).append(row)
    _give_keys([*new, *old])
    for row in old:
        # bulk_update() asks no field's pre_save().
        row.body = KeptObject._meta.get_field("body").protected(row, row.body)
    fields = ["peer", "version", "body", "last_updated", "deleted_at", "updated_at"]
    KeptObject.objects.bulk_create(new, batch_size=500)
    KeptObject.objects.bulk_update(old, fields, batch_size=200)
    seen = [row.pk for row in [*known.values(), *new] if row.peer_id == peer.pk]
    KeptObject.objects.filter(pk__in=seen).update(seen_at=now)
    return changed


def _stands(kept: KeptObject, peer: Peer, body: str, last_updated: datetime | None) -> bool:
    """Another connected peer's, overtaken, or nothing new."""
    if kept.peer_id != peer.pk:
        return bool(kept.peer.state == Peer.State.REGISTERED)
    return is_older(kept, last_updated, peer=peer, version=peer.ocpi_version) or (
        (kept.version, kept.body) == (peer.version, body) and kept.deleted_at is None
    )


def _give_keys(rows: list[Any]) -> None:
    """One keyring for all drivers of the page, fetched with one query."""
    keys = keyring(driver for row in rows for driver in row.audit_person_ids())
    for row in rows:
        row.audit_keys = keys


def _known(peer: Peer, module: str, items: dict[Key, Item]) -> dict[Key, KeptObject]:
    """The rows of these keys, locked."""
    rows = (
        KeptObject.objects.select_for_update(of=("self",))
        .select_related("peer")
        .filter(module=module, key__in=[key[2] for key in items])
    )
    found = {(row.country_code, row.party_id, row.key): row for row in rows}
    return {key: row for key, row in found.items() if key in items}


HANDLERS: dict[str, Callable[[Peer, list[Any], datetime], Unread]] = {
    "locations": keep_locations,
    "tariffs": keep_tariffs,
    "tokens": keep_tokens,
    "sessions": keep_sessions,
    "cdrs": keep_cdrs,
    "hubclientinfo": keep_hub_clients,
}
