"""Peers' tariffs in the platform's tariff book, by which CDRs without tariffs are priced.

A tariff that the book can't take is kept all the same: the peer has done nothing wrong by
OCPI's form. It is logged, and staff see it at the peer's object.
"""

from datetime import datetime
from typing import Any

import structlog

from apps.core.errors import DomainError
from apps.locations.publishing import get_or_add_operator
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi import json
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.locations import name_of_party
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.services import content_hash, end_tariff, receive_tariff

Message = dict[str, Any]
logger = structlog.get_logger(__name__)


def enter_tariff(
    *, peer: Peer, owner: PartyRef, message: Message, version: Version, now: datetime
) -> None:
    """A tariff as it was sent becomes a version of the operator's, unless it says nothing new."""
    operator = get_or_add_operator(
        country_code=owner.country_code, party_id=owner.party_id, name=name_of_party(peer, owner)
    )
    try:
        receive_tariff(operator=operator, content=message, ocpi_version=version.value, now=now)
    except DomainError as error:
        _tell(error, "tariff_not_in_book", owner, message.get("id"))


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
    last = tariff and TariffVersion.objects.filter(tariff=tariff).order_by("active_from").last()
    if not last or last.content_hash != content_hash(content):
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


def _tell(error: DomainError, event: str, owner: PartyRef, tariff_id: object) -> None:
    logger.warning(
        event, code=error.code, message=error.message, operator=str(owner), tariff_id=tariff_id
    )
