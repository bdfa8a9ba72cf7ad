"""Sessions and CDRs attach at once, when they come in; the minute job is the safety net."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.matching import Match
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.attaching import (
    attach_cdr_to,
    attach_session_to,
    follow_session,
)
from apps.remote_sessions.services.candidates import match_all
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.settling import settle

logger = structlog.get_logger(__name__)


class Listener:
    """Registered with apps.cdrs.arrivals; a fault here never costs the arrival itself."""

    def session_arrived(self, session: ChargingSession, *, now: datetime) -> None:
        try:
            with transaction.atomic():
                _take_session(session, now=now)
        except Exception:
            logger.exception("session_not_attached", session=str(session))

    def cdr_arrived(self, cdr: CDR, *, now: datetime) -> None:
        self.cdrs_arrived([cdr], now=now)

    def cdrs_arrived(self, cdrs: Sequence[CDR], *, now: datetime) -> None:
        try:
            with transaction.atomic():
                attach_cdrs([cdr for cdr in cdrs if not cdr.is_credit], now=now)
        except Exception:
            logger.exception("cdrs_not_attached", cdrs=[str(cdr) for cdr in cdrs][:20])


def _take_session(session: ChargingSession, *, now: datetime) -> None:
    changes = Changes(now)
    owner = _locked({"session": session}).get(session.pk)
    if owner is not None:
        follow_session(changes, owner, session)
    else:
        _attach_first(changes, session)
    changes.save("heard of its session")
    settle(list(changes.touched.values()), now=now)


def _attach_first(changes: Changes, session: ChargingSession) -> None:
    for _, match in match_all([session]):
        owner = _lock_free(match)
        if owner is not None and owner.session_id is None:
            attach_session_to(changes, owner, session, match)


def attach_cdrs(cdrs: Sequence[CDR], *, now: datetime) -> int:
    """Attach those that belong to remote sessions; how many did."""
    matches = [(cdr, match) for cdr, match in match_all(cdrs) if isinstance(cdr, CDR)]
    if not matches:
        return 0
    changes = Changes(now)
    owners = lock_all([match for _, match in matches])
    for cdr, match in matches:
        owner = owners.get(match.candidate_id)
        if owner is not None and owner.cdr_id is None:
            attach_cdr_to(changes, owner, cdr, match)
    changes.save("its CDR came")
    settle(list(changes.touched.values()), now=now)
    return len(changes.touched)


def _locked(wanted: dict[str, ChargingSession]) -> dict[object, RemoteSession]:
    rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return {row.session_id: row for row in rows.filter(**wanted)}


def _lock_free(match: Match) -> RemoteSession | None:
    return lock_all([match]).get(match.candidate_id)


def lock_all(matches: Sequence[Match]) -> dict[object, RemoteSession]:
    """The remote sessions of matches, locked in the order of their ids, by id."""
    rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
    ids = [match.candidate_id for match in matches]
    return {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}
