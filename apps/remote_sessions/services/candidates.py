"""Which remote sessions may be meant by sessions and CDRs: a fixed number of queries for many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from apps.billing.charges import UNUSED_FIELDS
from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.matching import (
    CLOCK_SKEW,
    Candidate,
    ChargeFacts,
    ChargeKind,
    Match,
    match_charge,
    match_second,
)
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.states import NOTHING_STARTED, State

Charge = ChargingSession | CDR
# Long, and read by nothing here.
UNREAD: Final = (
    "session__raw",
    *(f"{cdr}__{name}" for cdr in ("cdr", "credit_cdr") for name in UNUSED_FIELDS),
)


def match_window() -> timedelta:
    """How long after the wish a charge without a reference may begin."""
    return timedelta(minutes=settings.REMOTE_SESSION_MATCH_MINUTES)


def facts_of(charge: Charge) -> ChargeFacts:
    is_cdr = isinstance(charge, CDR)
    return ChargeFacts(
        kind=ChargeKind.CDR if is_cdr else ChargeKind.SESSION,
        operator_id=charge.operator_id, token_id=charge.token_id,
        authorization_reference=charge.authorization_reference, session_id=charge.session_id,
        cdr_id=charge.cdr_id if isinstance(charge, CDR) else "", evse_uid=charge.evse_uid,
        evse_id=charge.evse_id, started_at=charge.started_at,
    )  # fmt: skip


def match_all(charges: Sequence[Charge]) -> list[tuple[Charge, Match]]:
    """Each charge with the remote session it belongs to; those that fit none are left out."""
    return match_among(charges, candidates_for(charges)).firsts


@dataclass(slots=True)
class Matched:
    """Charges with the remote sessions they belong to; `seconds` are CDRs of one that has its CDR,
    or gets it from an earlier one of the same delivery."""

    firsts: list[tuple[Charge, Match]] = field(default_factory=list)
    seconds: list[tuple[CDR, Match]] = field(default_factory=list)


def match_among(charges: Sequence[Charge], candidates: Iterable[Candidate]) -> Matched:
    """Matched one after the other: what one charge takes is not free for the next."""
    book, window, found = _Book(candidates), match_window(), Matched()
    for charge in charges:
        facts = facts_of(charge)
        match = match_charge(facts, book.near(facts), window=window)
        if match is not None:
            book.take(match, facts.kind)
            found.firsts.append((charge, match))
        elif isinstance(charge, CDR):
            second = match_second(facts, book.with_cdr(facts), window=window)
            found.seconds += [(charge, second)] if second else []
    return found


class _Book:
    """Candidates by the keys they can be found under, so that a batch is not a product."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._by_key: dict[str, dict[object, Candidate]] = defaultdict(dict)
        self._taken: set[tuple[object, ChargeKind]] = set()
        for candidate in candidates:
            for key in _keys_of(candidate):
                self._by_key[key][candidate.id] = candidate

    def near(self, facts: ChargeFacts) -> list[Candidate]:
        """Those that this charge may be of and that no earlier one has taken."""
        return [c for c in self._all_near(facts) if (c.id, facts.kind) not in self._taken]

    def with_cdr(self, facts: ChargeFacts) -> list[Candidate]:
        """Those near that have their CDR, also if only from an earlier charge."""
        taken = {pk for pk, kind in self._taken if kind is ChargeKind.CDR}
        return [c for c in self._all_near(facts) if c.has_cdr or c.id in taken]

    def _all_near(self, facts: ChargeFacts) -> list[Candidate]:
        wanted = (
            facts.authorization_reference.upper(), facts.session_id.upper(), facts.cdr_id.upper(),
            f"token:{facts.token_id}",
        )  # fmt: skip
        found = {pk: c for key in wanted if key for pk, c in self._by_key.get(key, {}).items()}
        return list(found.values())

    def take(self, match: Match, kind: ChargeKind) -> None:
        self._taken.add((match.candidate_id, kind))


def _keys_of(candidate: Candidate) -> set[str]:
    ids = {candidate.our_reference, candidate.their_reference, *candidate.their_session_ids}
    return {key.upper() for key in ids if key} | {f"token:{candidate.token_id}"}


def candidates_for(charges: Sequence[Charge]) -> list[Candidate]:
    """All remote sessions that share a reference, an id, or token and time with the charges."""
    wanted = [*_by_ids(charges), *_by_token(charges)]
    if not wanted:
        return []
    rows: QuerySet[RemoteSession] = RemoteSession.objects.alias(
        ours=Upper("authorization_reference"),
        theirs=Upper("operator_authorization_reference"),
        their_id=Upper("operator_session_id"),
    )
    pieces = [rows.filter(condition).values_list("pk") for condition in wanted]
    ids = pieces[0].union(*pieces[1:], all=True) if len(pieces) > 1 else pieces[0]
    found = {pk for (pk,) in ids}
    chosen = RemoteSession.objects.select_related("evse", "session", "cdr", "credit_cdr")
    chosen = chosen.filter(pk__in=found).defer(*UNREAD)
    return [candidate_of(row) for row in chosen]


def _by_ids(charges: Sequence[Charge]) -> list[Q]:
    references = {c.authorization_reference.upper() for c in charges} - {""}
    ids = {c.session_id.upper() for c in charges}
    ids = (ids | {c.cdr_id.upper() for c in charges if isinstance(c, CDR)}) - {""}
    conditions = []
    if references:
        conditions += [Q(ours__in=references), ~Q(operator_authorization_reference="")
                       & Q(theirs__in=references)]  # fmt: skip
    if ids:
        conditions.append(~Q(operator_session_id="") & Q(their_id__in=ids))
    return conditions


def _by_token(charges: Sequence[Charge]) -> list[Q]:
    known = [charge for charge in charges if charge.token_id]
    if not known:
        return []
    earliest = min(charge.started_at for charge in known) - match_window()
    latest = max(charge.started_at for charge in known) + CLOCK_SKEW
    tokens = {charge.token_id for charge in known}
    return [Q(token__in=tokens, requested_at__range=(earliest, latest))]


def candidate_of(row: RemoteSession) -> Candidate:
    their_ids = {row.operator_session_id, row.session.session_id if row.session else ""} - {""}
    return Candidate(
        id=row.pk, operator_id=row.operator_id, token_id=row.token_id,
        evse_uid=row.evse.uid, evse_id=row.evse.evse_id, requested_at=row.requested_at,
        our_reference=row.authorization_reference,
        their_reference=row.operator_authorization_reference,
        their_session_ids=frozenset(their_ids),
        has_session=row.session_id is not None, has_cdr=not row.takes_cdr,
        was_refused=row.state == State.CANCELLED and row.reason in NOTHING_STARTED,
    )  # fmt: skip
