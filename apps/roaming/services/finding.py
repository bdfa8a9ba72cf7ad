"""Where a request of staff goes: the peer and the operator of an EVSE, a session, a reservation."""

from dataclasses import dataclass

from apps.core.errors import DomainError
from apps.locations.models import Connector, Evse
from apps.roaming.models import KeptObject, Peer, SentCommand
from apps.roaming.ocpi.commands import Place
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.services.commands import CommandNotPossible
from apps.roaming.services.operators import peer_of


class SessionUnknown(DomainError):
    """No connected peer sent a session with this id."""

    code = "PEER_SESSION_UNKNOWN"
    http_status = 404


class SessionAmbiguous(DomainError):
    """Several operators sent a session with this id."""

    code = "PEER_SESSION_AMBIGUOUS"


@dataclass(frozen=True, slots=True)
class Way:
    """Through which peer, for which operator."""

    peer: Peer
    operator: PartyRef


def way_to(operator: PartyRef) -> Way:
    """Raises CommandNotPossible when no connection leads there."""
    peer = peer_of(operator)
    if peer is None:
        raise CommandNotPossible(f"No connection leads to {operator}.")
    return Way(peer, operator)


def way_to_evse(evse: Evse) -> Way:
    """Raises CommandNotPossible."""
    operator = evse.location.operator
    return way_to(PartyRef.of(operator.country_code, operator.party_id))


def place_of(evse: Evse, connector: Connector | None = None) -> Place:
    """The EVSE and its connector in the operator's words."""
    plug = connector.connector_id if connector else ""
    return Place(evse.location.location_id, evse.uid, plug)


def way_to_session(session_id: str, *, operator: str = "") -> Way:
    """`operator`, NL*CPO, tells apart those that use the same id.

    Raises SessionUnknown, SessionAmbiguous.
    """
    found = KeptObject.objects.filter(
        module="sessions", key=session_id.strip().upper(), deleted_at=None,
        peer__state=Peer.State.REGISTERED,
    ).select_related("peer__party")  # fmt: skip
    ways = {PartyRef.of(kept.country_code, kept.party_id): kept.peer for kept in found}
    if operator.strip():
        wanted = PartyRef.of(*(operator.split("*", 1) if "*" in operator else ("", operator)))
        ways = {party: peer for party, peer in ways.items() if party == wanted}
    if not ways:
        raise SessionUnknown(f"No connected operator sent a session {session_id[:36]}.")
    if len(ways) > 1:
        parties = ", ".join(sorted(map(str, ways)))
        raise SessionAmbiguous(f"Several operators sent a session {session_id[:36]}: {parties}.")
    [(party, peer)] = ways.items()
    return Way(peer, party)


def way_of(sent: SentCommand) -> Way:
    """The way that an earlier command took."""
    return Way(sent.peer, PartyRef.of(*sent.operator.split("*", 1)))
