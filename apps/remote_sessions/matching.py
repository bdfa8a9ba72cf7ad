"""Which remote session an arriving session or CDR belongs to. Pure.

The surest sign decides, and only when exactly one remote session fits it: the authorization
reference (ours, or the one a hub gave back for it), the session id, the CDR's session id or CDR
id, and last the token with EVSE and time. Ids are compared without case (OCPI CiString).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

# Stations' clocks differ: a charge may seem to start a little before it was asked for.
CLOCK_SKEW: Final = timedelta(minutes=5)


class ChargeKind(StrEnum):
    SESSION = "SESSION"
    CDR = "CDR"


class Sign(StrEnum):
    """What a match rests on; the names are those of the stored `matched by`."""

    AUTHORIZATION_REFERENCE = "AUTHORIZATION_REFERENCE"
    SESSION_ID = "SESSION_ID"
    CDR_ID = "CDR_ID"
    TOKEN_EVSE_TIME = "TOKEN_EVSE_TIME"  # noqa: S105 - no secret


CONFIDENCE: Final = {
    Sign.AUTHORIZATION_REFERENCE: "CERTAIN",
    Sign.SESSION_ID: "STRONG",
    Sign.CDR_ID: "STRONG",
    Sign.TOKEN_EVSE_TIME: "LIKELY",
}


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """What a session or CDR says of itself; `cdr_id` is empty for a session."""

    kind: ChargeKind
    operator_id: UUID | None
    token_id: UUID | None
    authorization_reference: str
    session_id: str
    cdr_id: str
    evse_uid: str
    evse_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A remote session that may be meant, with all ids that both sides use for it."""

    id: UUID
    operator_id: UUID
    token_id: UUID
    evse_uid: str
    evse_id: str
    requested_at: datetime
    our_reference: str
    their_reference: str
    their_session_ids: frozenset[str]
    has_session: bool
    has_cdr: bool
    # The start was refused for certain: nothing came of it, as far as we were told.
    was_refused: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The remote session that fits, and the sign it was recognised by."""

    candidate_id: UUID
    sign: Sign

    @property
    def confidence(self) -> str:
        return CONFIDENCE[self.sign]


def match_charge(
    charge: ChargeFacts, candidates: Iterable[Candidate], *, window: timedelta
) -> Match | None:
    """The one remote session the charge belongs to; None when none fits, or more than one.

    A start that was refused counts only when no other fits: drivers try again at once.
    """
    free = [candidate for candidate in candidates if _is_free(candidate, charge.kind)]
    for sign, fits in SIGNS:
        found = [candidate for candidate in free if fits(charge, candidate, window)]
        found = [candidate for candidate in found if not candidate.was_refused] or found
        if found:
            return Match(found[0].id, sign) if len(found) == 1 else None
    return None


def match_second(
    charge: ChargeFacts, candidates: Iterable[Candidate], *, window: timedelta
) -> Match | None:
    """The one remote session of `candidates`, which have their CDR, that a further CDR is of too.

    Only by an id: the same driver may well charge twice at one station.
    """
    known = list(candidates)
    for sign, fits in SIGNS:
        found = [candidate for candidate in known if fits(charge, candidate, window)]
        if found and sign is not Sign.TOKEN_EVSE_TIME:
            return Match(found[0].id, sign) if len(found) == 1 else None
    return None


def _is_free(candidate: Candidate, kind: ChargeKind) -> bool:
    return not (candidate.has_session if kind is ChargeKind.SESSION else candidate.has_cdr)


def _same(left: str, right: str) -> bool:
    return bool(left) and left.upper() == right.upper()


def _by_reference(charge: ChargeFacts, candidate: Candidate, window: timedelta) -> bool:
    # Ours is random, so it needs no operator; one that a hub made up does.
    if _same(charge.authorization_reference, candidate.our_reference):
        return True
    given_back = _same(charge.authorization_reference, candidate.their_reference)
    return given_back and charge.operator_id == candidate.operator_id


def _by_session_id(charge: ChargeFacts, candidate: Candidate, window: timedelta) -> bool:
    known = any(_same(charge.session_id, theirs) for theirs in candidate.their_session_ids)
    return known and charge.operator_id == candidate.operator_id


def _by_cdr_id(charge: ChargeFacts, candidate: Candidate, window: timedelta) -> bool:
    # Some operators number a CDR like its session. One that names another session, or another
    # token, only happens to have that number: operators count sessions and CDRs apart.
    if charge.session_id and not _same(charge.session_id, charge.cdr_id):
        return False
    if charge.token_id not in {None, candidate.token_id}:
        return False
    known = any(_same(charge.cdr_id, theirs) for theirs in candidate.their_session_ids)
    return known and charge.operator_id == candidate.operator_id


def _by_circumstances(charge: ChargeFacts, candidate: Candidate, window: timedelta) -> bool:
    if candidate.their_session_ids and charge.session_id:
        return False  # It has another session's id, or the sign before would have told.
    at_evse = _same(charge.evse_uid, candidate.evse_uid) or _same(charge.evse_id, candidate.evse_id)
    wait = charge.started_at - candidate.requested_at
    return (
        at_evse
        and charge.token_id == candidate.token_id
        and charge.operator_id == candidate.operator_id
        and -CLOCK_SKEW <= wait <= window
    )


Fits = Callable[[ChargeFacts, Candidate, timedelta], bool]

SIGNS: Final[tuple[tuple[Sign, Fits], ...]] = (
    (Sign.AUTHORIZATION_REFERENCE, _by_reference),
    (Sign.SESSION_ID, _by_session_id),
    (Sign.CDR_ID, _by_cdr_id),
    (Sign.TOKEN_EVSE_TIME, _by_circumstances),
)
