"""CDRs come in: stored once, held when odd, refused when they can't be read or contradict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.models import Change, change_of
from apps.cdrs.arrivals import announce_cdrs
from apps.cdrs.canonical import content_hash
from apps.cdrs.form import check_cdr_form
from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR
from apps.cdrs.references import References
from apps.cdrs.services.building import build_cdr
from apps.cdrs.services.conflicts import keep_conflicts
from apps.cdrs.services.review import carry_out, hear_objections, price_and_judge
from apps.cdrs.services.telling import cdr_event
from apps.core.errors import DomainError
from apps.events.services import emit_first

# How often we look again when another process wrote one of the same CDRs meanwhile.
ATTEMPTS: Final = 5

Identity = tuple[str, str, str]


class CdrConflicting(DomainError):
    """Other content under the identity of a CDR that we have; kept for staff."""

    code = "CDR_CONFLICT"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The CDR as we have it; `created` is False when it was there before."""

    cdr: CDR
    created: bool


@dataclass(slots=True)
class Arrival:
    """What became of one message of a batch: a CDR, or the error that refused it.

    `id`: the id that a new CDR gets, where its sender was told one. `change`: by whom and through
    which door it came, where that is not who runs the batch.
    """

    message: CdrMessage
    cdr: CDR | None = None
    created: bool = False
    error: DomainError | None = None
    id: UUID | None = None
    change: Change | None = None


def receive_cdr(
    *,
    message: CdrMessage,
    source: str,
    provider: Provider | None = None,
    now: datetime,
    actor: Actor | None = None,
) -> Receipt:
    """Store a CDR once. `provider`: whose customers the sender speaks for, None if a roaming peer.

    The same content again is answered with the CDR that is there, also with a deleted one.
    Raises the errors of check_cdr_form, and CdrConflicting after the conflict was committed: a
    caller with a transaction of its own must not roll it back.
    """
    [arrival] = receive_cdrs(
        messages=[message], source=source, provider=provider, now=now, actor=actor
    )
    if arrival.error:
        raise arrival.error
    assert arrival.cdr is not None  # noqa: S101 - without an error there is one
    return Receipt(arrival.cdr, arrival.created)


def receive_cdrs(
    *,
    messages: Sequence[CdrMessage],
    source: str,
    provider: Provider | None = None,
    now: datetime,
    actor: Actor | None = None,
) -> list[Arrival]:
    """Many CDRs in one transaction, in a fixed number of queries; refusals are in the arrivals."""
    arrivals = [Arrival(message) for message in messages]
    receive_arrivals(arrivals, source=source, provider=provider, now=now, actor=actor)
    return arrivals


def receive_arrivals(
    arrivals: Sequence[Arrival],
    *,
    source: str,
    provider: Provider | None = None,
    now: datetime,
    actor: Actor | None = None,
) -> None:
    """As receive_cdrs; what became of each is put into the arrivals."""
    readable = list(_readable(arrivals))
    with transaction.atomic():
        for attempt in range(1, ATTEMPTS + 1):
            new = _compare(readable, provider)
            try:
                with transaction.atomic():
                    _create(new, source=source, provider=provider, now=now, actor=actor)
                    _answer_repeats(readable, new, provider)
                break
            except IntegrityError:
                # Somebody else stored one of them between our look and our write.
                if attempt == ATTEMPTS:
                    raise
        refused = [arrival for arrival in readable if arrival.error]
        keep_conflicts(refused, source=source, provider=provider, now=now, actor=actor)


def _readable(arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
    for arrival in arrivals:
        try:
            check_cdr_form(arrival.message)
        except DomainError as error:
            arrival.error = error
        else:
            yield arrival


def _compare(arrivals: Sequence[Arrival], provider: Provider | None) -> list[Arrival]:
    """Answers the arrivals that are there already; returns the new ones, each identity once."""
    stored = _stored({arrival.message.identity for arrival in arrivals})
    firsts: dict[Identity, Arrival] = {}
    for arrival in arrivals:
        arrival.cdr, arrival.created, arrival.error = None, False, None
        identity = arrival.message.identity
        if identity in stored:
            _answer(arrival, stored[identity], provider)
        elif identity not in firsts:
            firsts[identity] = arrival
    return list(firsts.values())


def _answer_repeats(
    arrivals: Sequence[Arrival], new: Sequence[Arrival], provider: Provider | None
) -> None:
    """A batch may hold a CDR twice: the later ones are answered like any repetition."""
    created = {arrival.message.identity: arrival.cdr for arrival in new}
    for arrival in arrivals:
        if arrival.cdr is None and (cdr := created[arrival.message.identity]):
            _answer(arrival, cdr, provider)


def _stored(identities: set[Identity]) -> dict[Identity, CDR]:
    found = CDR.objects.identities(identities)
    return {
        (cdr.country_code.upper(), cdr.party_id.upper(), cdr.cdr_id.upper()): cdr for cdr in found
    }


def _answer(arrival: Arrival, cdr: CDR, provider: Provider | None) -> None:
    """A provider isn't shown another provider's CDR, not even by sending the same content."""
    is_foreign = provider is not None and cdr.provider_id not in (None, provider.pk)
    arrival.cdr = cdr
    if is_foreign or cdr.content_hash != content_hash(arrival.message):
        party = f"{arrival.message.country_code}*{arrival.message.party_id}"
        arrival.error = CdrConflicting(
            f"CDR {arrival.message.cdr_id} of {party} is there with other content. "
            "A CDR can't be changed; send a credit CDR and a new one."
        )


def _create(
    new: Sequence[Arrival],
    *,
    source: str,
    provider: Provider | None,
    now: datetime,
    actor: Actor | None,
) -> None:
    if not new:
        return
    references = References([arrival.message for arrival in new])
    for arrival in new:
        found = references.find(arrival.message, provider=provider)
        arrival.cdr = build_cdr(message=arrival.message, source=source, found=found, now=now)
        arrival.cdr.pk = arrival.id or arrival.cdr.pk
        arrival.created = True
    # In one order everywhere, so that two batches don't wait for each other.
    ordered = sorted(new, key=lambda arrival: arrival.message.identity)
    cdrs = [arrival.cdr for arrival in ordered if arrival.cdr]
    hear_objections(cdrs)
    decided = price_and_judge(cdrs)
    own = change_of("received CDR", actor=actor)
    CDR.objects.bulk_create(
        cdrs, audit_changes=[arrival.change or own for arrival in ordered if arrival.cdr]
    )
    emit_first(
        events=[
            cdr_event("cdr.created", cdr, source=source, hold_reasons=cdr.hold_reasons)
            for cdr in cdrs
        ],
        now=now,
    )
    carry_out(cdrs, decided, now=now, actor=actor)
    announce_cdrs(cdrs, now=now)
