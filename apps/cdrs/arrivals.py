"""Who wants to know at once when a session or a CDR comes in; filled by upper floors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from apps.cdrs.holds import HoldReason
from apps.cdrs.models import CDR, ChargingSession


class ArrivalListener(Protocol):
    """Called inside the receiving transaction: what it writes stands or falls with the arrival.

    A listener that also has `cdrs_arrived(cdrs, *, now)` gets the CDRs of an import in batches;
    one that has `object_to(cdrs)` is asked before they are stored and judged, and says by CDR id
    why a person must look.
    """

    def session_arrived(self, session: ChargingSession, *, now: datetime) -> None: ...

    def cdr_arrived(self, cdr: CDR, *, now: datetime) -> None: ...


_listeners: list[ArrivalListener] = []


def register_listener(listener: ArrivalListener) -> None:
    """From AppConfig.ready(); a listener that is already there is not added twice."""
    if listener not in _listeners:
        _listeners.append(listener)


def unregister_listener(listener: ArrivalListener) -> None:
    """For tests."""
    _listeners.remove(listener)


def announce_session(session: ChargingSession, *, now: datetime) -> None:
    for listener in _listeners:
        listener.session_arrived(session, now=now)


def announce_cdrs(cdrs: Sequence[CDR], *, now: datetime) -> None:
    for listener in _listeners:
        if batch := getattr(listener, "cdrs_arrived", None):
            batch(cdrs, now=now)
        else:
            for cdr in cdrs:
                listener.cdr_arrived(cdr, now=now)


def objections(cdrs: Sequence[CDR]) -> dict[UUID, list[HoldReason]]:
    """What listeners have against CDRs that are about to be stored, by their ids."""
    found: dict[UUID, list[HoldReason]] = {}
    for listener in _listeners:
        if ask := getattr(listener, "object_to", None):
            said: Mapping[UUID, HoldReason] = ask(cdrs)
            for pk, reason in said.items():
                found.setdefault(pk, []).append(reason)
    return found
