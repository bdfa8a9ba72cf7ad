"""What the minute job does with one remote session, from its facts and the time. Pure.

One function per state, each a row of the table in docs/remote-sessions.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from apps.remote_sessions.states import Reason, State

STARTED: Final = {"ACTIVE", "COMPLETED"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The times and the share of the settings REMOTE_SESSION_*."""

    inactive: timedelta
    stop_backoff: timedelta
    active_max: timedelta
    limit_percent: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """A remote session as it stands.

    `session_status` is that of the attached session, empty without one (or when it was deleted).
    `blocked` is the pre-authorized amount, `running_total` what the charge has come to incl. VAT,
    both in the payment's currency; None when not known.
    """

    state: str
    state_changed_at: datetime
    requested_at: datetime
    session_status: str = ""
    has_cdr: bool = False
    sends_cdrs: bool = True
    blocked: Decimal | None = None
    running_total: Decimal | None = None
    stop_requested_at: datetime | None = None
    stop_is_pointless: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the remote session goes (None: it stays), why, and whether a stop is asked for."""

    to: State | None = None
    reason: Reason = Reason.NONE
    message: str = ""
    ask_stop: bool = False


NOTHING: Final = Decision()
COMPLETE: Final = Decision(to=State.COMPLETED)


def decide(facts: Facts, *, rules: Rules, now: datetime) -> Decision:
    """The job's table. A CDR completes whatever else is true."""
    if facts.has_cdr and facts.state != State.COMPLETED:
        return COMPLETE
    rule = TABLE.get(facts.state)
    return rule(facts, rules, now) if rule else NOTHING


def _waiting_for_session(facts: Facts, rules: Rules, now: datetime) -> Decision:
    """PENDING, STARTING: a session that began makes it ACTIVE; without one it is given up."""
    if facts.session_status in STARTED:
        return Decision(to=State.ACTIVE)
    if facts.session_status == "INVALID":
        return _invalid()
    if now - facts.state_changed_at >= rules.inactive:
        return Decision(
            to=State.CANCELLED,
            reason=Reason.NO_ACTIVE_SESSION_RECEIVED,
            message=f"No active session within {_minutes(rules.inactive)} minutes.",
        )
    return NOTHING


def _active(facts: Facts, rules: Rules, now: datetime) -> Decision:
    """ACTIVE: ends with its CDR, or its session where no CDR comes; kept below the limit."""
    if facts.session_status == "INVALID":
        return _invalid()
    if facts.session_status == "COMPLETED" and not facts.sends_cdrs:
        return COMPLETE
    if _is_too_old(facts, rules, now):
        return _too_long_open(rules)
    if facts.session_status != "COMPLETED" and is_over_limit(facts, rules):
        return _ask_stop(facts, rules, now)
    return NOTHING


def _stopping(facts: Facts, rules: Rules, now: datetime) -> Decision:
    """STOPPING: an accepted stop has not stopped; it is asked again until the session ends."""
    if facts.session_status == "INVALID":
        return _invalid()
    if not facts.sends_cdrs:
        return COMPLETE
    if _is_too_old(facts, rules, now):
        return _too_long_open(rules)
    if facts.session_status == "COMPLETED":
        return NOTHING
    if now - facts.state_changed_at >= rules.inactive:
        return Decision(
            to=State.ERROR,
            reason=Reason.STOP_NOT_CONFIRMED,
            message=f"No completed session within {_minutes(rules.inactive)} minutes of the stop.",
        )
    return _ask_stop(facts, rules, now)


def _error(facts: Facts, rules: Rules, now: datetime) -> Decision:
    """ERROR: only the CDR ends it, or the session's end where no CDR comes."""
    if facts.session_status == "COMPLETED" and not facts.sends_cdrs:
        return COMPLETE
    return NOTHING


def is_over_limit(facts: Facts, rules: Rules) -> bool:
    """Whether the running total incl. VAT is above the set share of the blocked amount."""
    if not facts.blocked or facts.running_total is None:
        return False
    return facts.running_total * 100 > facts.blocked * rules.limit_percent


def _ask_stop(facts: Facts, rules: Rules, now: datetime) -> Decision:
    asked = facts.stop_requested_at
    if facts.stop_is_pointless or (asked is not None and now - asked < rules.stop_backoff):
        return NOTHING
    to = State.STOPPING if facts.state == State.ACTIVE else None
    return Decision(to=to, ask_stop=True)


def _is_too_old(facts: Facts, rules: Rules, now: datetime) -> bool:
    return now - facts.requested_at >= rules.active_max


def _too_long_open(rules: Rules) -> Decision:
    return Decision(
        to=State.ERROR,
        reason=Reason.TOO_LONG_OPEN,
        message=f"Neither CDR nor end within {_minutes(rules.active_max)} minutes.",
    )


def _invalid() -> Decision:
    return Decision(
        to=State.CANCELLED,
        reason=Reason.SESSION_INVALID,
        message="The operator called the session invalid: there was no charge.",
    )


def _minutes(time: timedelta) -> int:
    return int(time.total_seconds() // 60)


TABLE: Final[dict[str, Callable[[Facts, Rules, datetime], Decision]]] = {
    State.PENDING: _waiting_for_session,
    State.STARTING: _waiting_for_session,
    State.ACTIVE: _active,
    State.STOPPING: _stopping,
    State.ERROR: _error,
}
