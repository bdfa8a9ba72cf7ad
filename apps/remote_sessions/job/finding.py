"""The safety net: sessions and CDRs that came but were not attached, for a batch at once."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from apps.billing.charges import UNUSED_FIELDS
from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.job.reading import Row
from apps.remote_sessions.matching import CLOCK_SKEW, Match
from apps.remote_sessions.services.candidates import match_all, match_window
from apps.remote_sessions.services.credits import cancelled_among


def find_sessions(rows: Sequence[Row]) -> list[tuple[ChargingSession, Match]]:
    """Sessions of those that have none, each with the remote session it belongs to."""
    wanting = [row for row in rows if row.wants_session]
    if not wanting:
        return []
    free = ChargingSession.objects.filter(remote_session=None, deleted_at=None).defer("raw")
    found = _of_any(free, [*_by_reference(wanting), *_by_session_id(free, wanting),
                           *_by_token(wanting)])  # fmt: skip
    return [(c, match) for c, match in match_all(found) if isinstance(c, ChargingSession)]


def find_cdrs(rows: Sequence[Row]) -> list[tuple[CDR, Match]]:
    """CDRs of those that wait for one, each with the remote session it belongs to."""
    wanting = [row for row in rows if row.wants_cdr]
    if not wanting:
        return []
    free = CDR.objects.filter(remote_session=None, deleted_at=None, is_credit=False)
    free = free.defer(*UNUSED_FIELDS)
    found = _of_any(free, [*_by_reference(wanting), *_by_cdr_ids(wanting), *_by_token(wanting)])
    cancelled = cancelled_among(found)
    found = [cdr for cdr in found if cdr.pk not in cancelled]
    return [(c, match) for c, match in match_all(found) if isinstance(c, CDR)]


def _of_any(free: QuerySet[Any], conditions: Sequence[Q]) -> list[Any]:
    """One query per condition, each by its own index; a charge found twice counts once."""
    found: dict[Any, Any] = {}
    for condition in conditions:
        found.update({charge.pk: charge for charge in free.filter(condition)})
    return list(found.values())


def _both_cases(texts: set[str]) -> list[str]:
    """Ids are compared without case; these indexes are not, so both usual forms are looked up."""
    return sorted({form for text in texts for form in (text, text.upper(), text.lower())})


def _by_reference(rows: Sequence[Row]) -> list[Q]:
    references = {reference for row in rows for reference in row.references}
    return [Q(authorization_reference__in=_both_cases(references))]


def _by_session_id(free: QuerySet[Any], rows: Sequence[Row]) -> list[Q]:
    ids = {session_id.upper() for row in rows for session_id in row.session_ids}
    operators = {row.operator_id for row in rows if row.session_ids}
    if not ids:
        return []
    named = free.alias(named=Upper("session_id")).filter(named__in=ids, operator__in=operators)
    return [Q(pk__in=named.values("pk"))]


def _by_cdr_ids(rows: Sequence[Row]) -> list[Q]:
    ids = {session_id for row in rows for session_id in row.session_ids}
    if not ids:
        return []
    numbered = CDR.objects.alias(number=Upper("cdr_id")).filter(
        number__in={text.upper() for text in ids}
    )
    return [Q(session_id__in=_both_cases(ids)), Q(pk__in=numbered.values("pk"))]


def _by_token(rows: Sequence[Row]) -> list[Q]:
    earliest = min(row.requested_at for row in rows) - CLOCK_SKEW
    latest = max(row.requested_at for row in rows) + match_window()
    return [Q(token__in={row.token_id for row in rows}, started_at__range=(earliest, latest))]
