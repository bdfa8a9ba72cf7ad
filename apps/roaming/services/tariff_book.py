"""Peers' tariffs in the platform's tariff book, by which CDRs without tariffs are priced.

A tariff that the book can't take is kept all the same: the peer has done nothing wrong by
OCPI's form. It is logged, and staff see it at the peer's object.
"""

from collections.abc import Container
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.errors import DomainError
from apps.locations.models import Operator
from apps.locations.publishing import get_or_add_operator
from apps.roaming.models import KeptObject, Party, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tariffs import target_of
from apps.roaming.ocpi.versions import Role, Version
from apps.roaming.services.keeping import Identity
from apps.roaming.services.locations import name_of_party
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.services import end_tariff, receive_tariff, says_the_same

Message = dict[str, Any]
logger = structlog.get_logger(__name__)
# Between the id of a tariff and the eMSP that it is for, in the key that it is kept by: no id has
# a character beyond ASCII.
_FOR: Final = "\N{RIGHTWARDS ARROW}"


def tariff_identity(owner: PartyRef, tariff_id: str, target: PartyRef | None) -> Identity:
    """What a tariff is kept by: its id, and whom it is for when not for all."""
    wanted = tariff_id.strip()
    return Identity("tariffs", owner, f"{wanted}{_FOR}{target}" if target else wanted)


def kept_tariffs(*, owner: PartyRef, tariff_id: str, lock: bool = False) -> list[KeptObject]:
    """All that stand under this id: those for us, then that for all, then those for others."""
    key = tariff_id.strip().upper()
    rows = KeptObject.objects.select_for_update(of=("self",)) if lock else KeptObject.objects
    found = rows.select_related("peer").filter(
        Q(key=key) | Q(key__startswith=f"{key}{_FOR}"), module="tariffs", deleted_at=None,
        country_code=owner.country_code, party_id=owner.party_id,
    )  # fmt: skip
    ours = [tariff_identity(owner, key, party).object_id for party in our_parties()]
    return sorted(
        found.order_by("key"), key=lambda kept: (kept.key not in ours, kept.key != key)
    )  # fmt: skip


def tariff_id_of(kept: KeptObject) -> str:
    """The id without whom the tariff is for."""
    return str(kept.key).partition(_FOR)[0]


def enter_tariff(
    *, peer: Peer, owner: PartyRef, message: Message, version: Version, now: datetime
) -> bool:
    """A tariff as it was sent becomes a version of the operator's, unless it says nothing new.

    False when the book can't take it, and when it is not for us: those for other eMSPs are none of
    the book's business, and one for us counts before that for all. In a transaction: an
    operator's tariffs are entered one after the other.
    """
    ours = is_for_us(message, our_parties())
    if ours is False:
        return False
    operator = get_or_add_operator(
        country_code=owner.country_code, party_id=owner.party_id, name=name_of_party(peer, owner)
    )
    # Without the key, so that what refers to the operator is not held up.
    Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)
    if ours is None and _is_another_ours(owner, message):
        return False
    try:
        receive_tariff(operator=operator, content=message, ocpi_version=version.value, now=now)
    except DomainError as error:
        _tell(error, "tariff_not_in_book", owner, message.get("id"))
        return False
    return True


def enter_kept_tariffs(*, now: datetime) -> dict[str, int]:
    """Bring in what peers sent before the book took tariffs; how many it has and can't take.

    Those of connected peers only: the others' are in force no more. Each in a transaction of its
    own; run again, it changes nothing.
    """
    kept = KeptObject.objects.filter(
        module="tariffs", deleted_at=None, peer__state=Peer.State.REGISTERED
    )
    counts = {"in the book": 0, "not taken": 0}
    for each in kept.select_related("peer").order_by("pk").iterator(chunk_size=500):
        with transaction.atomic():
            taken = enter_tariff(
                peer=each.peer, owner=PartyRef.of(each.country_code, each.party_id),
                message=json.read(each.body), version=Version(each.version), now=now,
            )  # fmt: skip
        counts["in the book" if taken else "not taken"] += 1
    return counts


def withdraw_tariff(*, owner: PartyRef, tariff_id: str, now: datetime, reason: str) -> None:
    """The tariff is in force no more; one that the book never took is none of its business."""
    tariff = _find(owner, tariff_id)
    if tariff is None:
        return
    try:
        end_tariff(tariff=tariff, at=now, reason=reason)
    except DomainError as error:
        _tell(error, "tariff_not_ended_in_book", owner, tariff_id)


def settle_in_book(*, owner: PartyRef, tariff_id: str, now: datetime, reason: str) -> None:
    """After tariffs of this id were forgotten: that which counts for us now is in the book."""
    parties = our_parties()
    standing = [
        (kept, message)
        for kept in kept_tariffs(owner=owner, tariff_id=tariff_id)
        if is_for_us(message := json.read(kept.body), parties) is not False
    ]
    last = _last_version(_find(owner, tariff_id))
    if standing and last and target_of(last.content) == target_of(standing[0][1]):
        return
    withdraw_tariff(owner=owner, tariff_id=tariff_id, now=now, reason=reason)
    for kept, message in standing[:1]:
        enter_tariff(
            peer=kept.peer, owner=owner, message=message, version=Version(kept.version), now=now
        )  # fmt: skip


def describe_in_book(kept: KeptObject) -> str:
    """For staff: which version of the book the kept tariff is, or why it is none."""
    content = json.read(kept.body)
    try:
        prepare_tariff(content, version=kept.version)
    except DomainError as error:
        return f"Not in the tariff book: {error.message}"
    last = _last_version(
        _find(PartyRef.of(kept.country_code, kept.party_id), tariff_id_of(kept))
    )  # fmt: skip
    if not last or not says_the_same(last, content):
        return "Not in the tariff book as it was sent last."
    until = f" until {last.active_to:%-d %b %Y, %H:%M}" if last.active_to else ""
    return f"Version {last.number}, from {last.active_from:%-d %b %Y, %H:%M}{until} (UTC)"


def _find(owner: PartyRef, tariff_id: str) -> Tariff | None:
    found: Tariff | None = Tariff.objects.filter(
        operator__country_code__iexact=owner.country_code,
        operator__party_id__iexact=owner.party_id,
        tariff_id__iexact=tariff_id.strip(),
    ).first()
    return found


def _last_version(tariff: Tariff | None) -> TariffVersion | None:
    if tariff is None:
        return None
    last: TariffVersion | None = tariff.versions.standing().order_by("active_from").last()
    return last


def _is_another_ours(owner: PartyRef, message: Message) -> bool:
    """Is one of the same id in the book that is for us?"""
    last = _last_version(_find(owner, str(message.get("id", ""))))
    return last is not None and last.active_to is None and target_of(last.content) is not None


def our_parties() -> set[PartyRef]:
    """The eMSPs that we are."""
    return {party.ref for party in Party.objects.filter(role=Role.EMSP.value)}


def is_for_us(message: Message, parties: Container[PartyRef]) -> bool | None:
    """Is the tariff for one of our parties (True) or other eMSPs (False) alone? None: for all."""
    target = target_of(message)
    return None if target is None else target in parties


def _tell(error: DomainError, event: str, owner: PartyRef, tariff_id: object) -> None:
    logger.warning(
        event, code=error.code, message=error.message, operator=str(owner), tariff_id=tariff_id
    )
