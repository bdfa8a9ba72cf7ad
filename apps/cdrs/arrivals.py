"""Who wants to know at once when a session or a CDR comes in; filled by upper floors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from apps.cdrs.models import CDR, ChargingSession


class ArrivalListener(Protocol):
    """Called inside the receiving transaction: what it writes stands or falls with the arrival.

    A listener that also has `cdrs_arrived(cdrs, *, now)` gets the CDRs of an import in batches.
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
