"""Peers' tariffs in the platform's tariff book, by which CDRs without tariffs are priced.

A tariff that the book can't take is kept all the same: the peer has done nothing wrong by
OCPI's form. It is logged, and staff see it at the peer's object.
"""

from collections.abc import Container
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.core.errors import DomainError
from apps.locations.publishing import get_or_add_operator
from apps.roaming.models import KeptObject, Party, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Role, Version
from apps.roaming.services.locations import name_of_party
from apps.tariffs.models import Tariff
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.services import end_tariff, receive_tariff, says_the_same

Message = dict[str, Any]
logger = structlog.get_logger(__name__)


def enter_tariff(
    *, peer: Peer, owner: PartyRef, message: Message, version: Version, now: datetime
) -> bool:
    """A tariff as it was sent becomes a version of the operator's, unless it says nothing new.

    False when the book can't take it.
    """
    if not _concerns_us(owner, message):
        return False
    operator = get_or_add_operator(
        country_code=owner.country_code, party_id=owner.party_id, name=name_of_party(peer, owner)
    )
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


def describe_in_book(kept: KeptObject) -> str:
    """For staff: which version of the book the kept tariff is, or why it is none."""
    content = json.read(kept.body)
    try:
        prepare_tariff(content, version=kept.version)
    except DomainError as error:
        return f"Not in the tariff book: {error.message}"
    tariff = _find(PartyRef.of(kept.country_code, kept.party_id), kept.key)
    last = tariff and tariff.versions.standing().order_by("active_from").last()
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


def _concerns_us(owner: PartyRef, message: Message) -> bool:
    """Gireve's differentiated tariffs (GIREVE_Tech_OCPI_V2.2.1, cpo_tariffs): one id may come
    several times, each for one eMSP and once for all others. Ours wins over that for all; those
    for others are none of the book's business."""
    ours = is_for_us(message, our_parties())
    if ours is not None:
        return ours
    tariff = _find(owner, str(message.get("id", "")))
    last = tariff and tariff.versions.standing().order_by("active_from").last()
    return not (last and last.active_to is None and _target(last.content))


def our_parties() -> set[PartyRef]:
    """The eMSPs that we are."""
    return {party.ref for party in Party.objects.filter(role=Role.EMSP.value)}


def is_for_us(message: Message, parties: Container[PartyRef]) -> bool | None:
    """Is the tariff for one of our parties (True) or other eMSPs (False) alone? None: for all."""
    target = _target(message)
    return None if target is None else target in parties


def _target(content: Message) -> PartyRef | None:
    """The eMSP that a tariff is for; None: for all."""
    country = str(content.get("target_operator_country_code") or "").strip()
    party = str(content.get("target_operator_party_id") or "").strip()
    return PartyRef.of(country, party) if country or party else None


def _tell(error: DomainError, event: str, owner: PartyRef, tariff_id: object) -> None:
    logger.warning(
        event, code=error.code, message=error.message, operator=str(owner), tariff_id=tariff_id
    )
