"""Other content under an identity that we have: refused, and put before staff."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.audit.services import record
from apps.cdrs.canonical import content_hash
from apps.cdrs.models import CDR, CdrConflict
from apps.cdrs.references import References
from apps.cdrs.services.building import build_cdr
from apps.core.errors import InvalidInput

if TYPE_CHECKING:
    from apps.cdrs.services.receiving import Arrival

_OURS: Final = frozenset(
    {
        "id", "created_at", "updated_at", "source", "status", "status_changed_at", "provider",
        "rejection_reason", "hold_reasons", "is_held", "computed_cost_excl_vat", "token",
        "reviewed_cost_excl_vat", "retail_cost_excl_vat", "raw", "content_hash", "deleted_at",
        "deletion_reason", "search_text", "account", "operator", "location", "location_name",
        "location_country", "location_postcode", "location_time_zone", "ocpi_version",
    }
)  # fmt: skip


class ResolutionMissing(InvalidInput):
    """A conflict is closed by saying what came of it."""

    code = "RESOLUTION_MISSING"


def keep_conflicts(
    arrivals: Sequence[Arrival],
    *,
    source: str,
    provider: Provider | None,
    now: datetime,
    actor: Actor | None,
) -> None:
    """Once per CDR and content, however often it is sent."""
    known = _known(arrivals)
    arrivals = [arrival for arrival in arrivals if _key(arrival) not in known]
    if not arrivals:
        return
    references = References([arrival.message for arrival in arrivals])
    conflicts = {}
    for arrival in arrivals:
        assert arrival.cdr is not None  # noqa: S101 - a conflict is with one
        found = references.find(arrival.message, provider=provider)
        sent = build_cdr(message=arrival.message, source=source, found=found, now=now)
        conflicts[_key(arrival)] = CdrConflict(
            cdr=arrival.cdr,
            source=source,
            provider=provider,
            differences=differences(arrival.cdr, sent),
            person_id=sent.audit_person_id(),
            content_hash=sent.content_hash,
            raw=arrival.message.raw,
            received_at=now,
        )
    # When somebody else keeps the same conflict at this moment, theirs is enough.
    with suppress(IntegrityError), transaction.atomic():
        CdrConflict.objects.bulk_create(
            conflicts.values(), audit_change=change_of("refused other content", actor=actor)
        )


def _key(arrival: Arrival) -> tuple[Any, str]:
    return getattr(arrival.cdr, "pk", None), content_hash(arrival.message)


def _known(arrivals: Sequence[Arrival]) -> set[tuple[Any, str]]:
    cdrs = [arrival.cdr for arrival in arrivals if arrival.cdr]
    return set(CdrConflict.objects.filter(cdr__in=cdrs).values_list("cdr_id", "content_hash"))


def differences(ours: CDR, sent: CDR) -> list[dict[str, str]]:
    """Per field that differs: its name, our value and the one sent, as text."""
    return [
        {"field": str(field.verbose_name), "ours": _text(before), "sent": _text(after)}
        for field in CDR._meta.concrete_fields
        if field.name not in _OURS
        and (before := getattr(ours, field.attname)) != (after := getattr(sent, field.attname))
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def resolve_conflict(
    *, conflict: CdrConflict, resolution: str, now: datetime, actor: Actor | None = None
) -> None:
    """Close a conflict with what came of it ("operator confirmed ours by mail, 3 May").

    Raises ResolutionMissing.
    """
    if not resolution.strip():
        raise ResolutionMissing("Say what came of the conflict.")
    with transaction.atomic():
        locked = CdrConflict.objects.select_for_update().get(pk=conflict.pk)
        if locked.resolved_at is None:
            locked.resolved_at, locked.resolution = now, resolution.strip()
            record("resolved CDR conflict", locked, reason=locked.resolution, actor=actor)
