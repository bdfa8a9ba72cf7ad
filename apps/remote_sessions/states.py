"""The states of a remote session, its legal moves, and the reasons to end without a CDR."""

from django.db import models

from apps.core.errors import DomainError


class State(models.TextChoices):
    """How far a charge that we started at somebody else's charger has come.

    PENDING    asked; the operator has not accepted the start yet, or its answer was lost
    STARTING   the operator accepted the start; a session is awaited
    ACTIVE     a session of the operator is attached
    STOPPING   a stop was asked for; the session's end and its CDR are awaited
    COMPLETED  final: the CDR is attached, or the operator is one that sends none
    CANCELLED  given up, with a reason; a session or CDR that comes late still attaches
    ERROR      went wrong, with a message; the CDR is still looked for, because money waits for it
    """

    PENDING = "PENDING", "Pending"
    STARTING = "STARTING", "Starting"
    ACTIVE = "ACTIVE", "Active"
    STOPPING = "STOPPING", "Stopping"
    COMPLETED = "COMPLETED", "Completed"
    CANCELLED = "CANCELLED", "Cancelled"
    ERROR = "ERROR", "Error"


TRANSITIONS: dict[str, set[str]] = {
    # A session or CDR may overtake the operator's answer.
    State.PENDING: {
        State.STARTING, State.ACTIVE, State.COMPLETED, State.CANCELLED, State.ERROR,
    },
    State.STARTING: {State.ACTIVE, State.COMPLETED, State.CANCELLED, State.ERROR},
    State.ACTIVE: {State.STOPPING, State.COMPLETED, State.CANCELLED, State.ERROR},
    State.STOPPING: {State.COMPLETED, State.CANCELLED, State.ERROR},
    State.COMPLETED: set(),
    State.CANCELLED: {State.ACTIVE, State.COMPLETED},
    State.ERROR: {State.ACTIVE, State.COMPLETED},
}  # fmt: skip

# One start may be open per token and EVSE.
START_OPEN = (State.PENDING, State.STARTING)


class Reason(models.TextChoices):
    """Why a remote session was cancelled or went wrong."""

    NONE = "", "–"
    NO_ACTIVE_SESSION_RECEIVED = "NO_ACTIVE_SESSION_RECEIVED", "No active session received"
    CANCELLED_BY_DRIVER = "CANCELLED_BY_DRIVER", "Cancelled by the driver"
    CANCELLED_BY_STAFF = "CANCELLED_BY_STAFF", "Cancelled by staff"
    START_REFUSED = "START_REFUSED", "The operator refused the start"
    OPERATOR_UNREACHABLE = "OPERATOR_UNREACHABLE", "The operator could not be reached"
    PREAUTH_FAILED = "PREAUTH_FAILED", "The pre-authorization failed"
    SESSION_INVALID = "SESSION_INVALID", "The operator called the session invalid"
    STOP_NOT_CONFIRMED = "STOP_NOT_CONFIRMED", "No completed session after the stop"
    TOO_LONG_OPEN = "TOO_LONG_OPEN", "Open for too long"


# The driver doesn't want this charge any more: should it begin after all, it is stopped.
UNWANTED = {Reason.CANCELLED_BY_DRIVER, Reason.CANCELLED_BY_STAFF, Reason.PREAUTH_FAILED}
# Nothing was started for certain: blocked money is freed at once.
NOTHING_STARTED = {Reason.START_REFUSED, Reason.OPERATOR_UNREACHABLE, Reason.PREAUTH_FAILED}


class IllegalMove(DomainError):
    """The remote session can't go from its state to the wanted one."""

    code = "REMOTE_SESSION_STATE_REFUSED"


def check_move(*, source: str, target: str) -> None:
    """Raises IllegalMove when the table has no such move."""
    if target not in TRANSITIONS[source]:
        raise IllegalMove(
            f"A remote session can't go from {State(source).label} to {State(target).label}.",
            source=source,
            target=target,
        )
