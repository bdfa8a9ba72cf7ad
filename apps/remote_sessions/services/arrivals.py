"""Sessions and CDRs attach at once, when they come in; the minute job is the safety net."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from apps.cdrs.holds import HoldReason
from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.matching import Match
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services import further_cdrs
from apps.remote_sessions.services.attaching import (
    attach_cdr_to,
    attach_session_to,
    follow_session,
)
from apps.remote_sessions.services.candidates import candidates_for, match_all, match_among
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.credits import cancelled_in
from apps.remote_sessions.services.further_cdrs import (
    owners_of_credited,
    tell_credit,
    tell_second,
)
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
                take_cdrs(cdrs, now=now)
        except Exception:
            logger.exception("cdrs_not_attached", cdrs=[str(cdr) for cdr in cdrs][:20])

    def object_to(self, cdrs: Sequence[CDR]) -> dict[UUID, HoldReason]:
        """A second bill for a charge, or a credit for one that is paid, is put before a person."""
        try:
            with transaction.atomic():
                return further_cdrs.object_to(cdrs)
        except Exception:
            logger.exception("cdrs_not_compared", cdrs=[str(cdr) for cdr in cdrs][:20])
            return {}


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


def take_cdrs(cdrs: Sequence[CDR], *, now: datetime) -> None:
    """What one delivery says of remote sessions; money is asked for when all of it is heard.

    Credits first, because a corrected CDR takes the place of the one that was taken back; then
    the CDRs, and the credits of a part of these.
    """
    cancelled = cancelled_in(cdrs)
    credits = {cdr.pk: cdr for cdr in cdrs if cdr.is_credit}
    changed: dict[UUID, RemoteSession] = {}
    for noted in note_credits(list(credits.values()), changed, now=now):
        del credits[noted]
    bills = [cdr for cdr in cdrs if not cdr.is_credit and cdr.pk not in cancelled]
    attach_cdrs(bills, changed, now=now)
    note_credits(list(credits.values()), changed, now=now)
    settle(list(changed.values()), now=now)


def attach_cdrs(cdrs: Sequence[CDR], changed: dict[UUID, RemoteSession], *, now: datetime) -> None:
    """Attach those that belong to remote sessions; of a second one for a charge its story tells."""
    matched = match_among(cdrs, candidates_for(cdrs))
    if not (matched.firsts or matched.seconds):
        return
    changes = Changes(now)
    owners = lock_all([match for _, match in [*matched.firsts, *matched.seconds]])
    for cdr, match in matched.firsts:
        owner = owners.get(match.candidate_id)
        if isinstance(cdr, CDR) and owner is not None and owner.takes_cdr:
            attach_cdr_to(changes, owner, cdr, match)
    for cdr, match in matched.seconds:
        if (owner := owners.get(match.candidate_id)) is not None:
            tell_second(changes, owner, cdr)
    changes.save("its CDR came")
    changed.update(changes.touched)


def note_credits(
    credits: Sequence[CDR], changed: dict[UUID, RemoteSession], *, now: datetime
) -> set[UUID]:
    """Tell remote sessions that the operator took their CDR back; the credits that did."""
    owners = owners_of_credited(credits)
    if not owners:
        return set()
    changes = Changes(now)
    rows = {row.pk: row for row in lock_ids([owner.pk for owner in owners.values()])}
    for credit in credits:
        if credit.pk in owners:
            tell_credit(changes, rows[owners[credit.pk].pk], credit)
    changes.save("its CDR was taken back")
    changed.update(changes.touched)
    return set(owners)


def _locked(wanted: dict[str, ChargingSession]) -> dict[object, RemoteSession]:
    rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return {row.session_id: row for row in rows.filter(**wanted)}


def _lock_free(match: Match) -> RemoteSession | None:
    return lock_all([match]).get(match.candidate_id)


def lock_all(matches: Sequence[Match]) -> dict[object, RemoteSession]:
    """The remote sessions of matches, locked in the order of their ids, by id."""
    return {row.pk: row for row in lock_ids([match.candidate_id for match in matches])}


def lock_ids(ids: Sequence[UUID]) -> list[RemoteSession]:
    """Remote sessions, locked in the order of their ids."""
    rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return list(rows.filter(pk__in=ids).order_by("pk"))
