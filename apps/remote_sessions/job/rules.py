"""The job's times and shares, from the settings."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings

from apps.remote_sessions.decision import Rules


def minutes(name: str) -> timedelta:
    return timedelta(minutes=getattr(settings, name))


def current_rules() -> Rules:
    return Rules(
        inactive=minutes("REMOTE_SESSION_INACTIVE_MINUTES"),
        stop_backoff=minutes("REMOTE_SESSION_STOP_BACKOFF_MINUTES"),
        active_max=minutes("REMOTE_SESSION_ACTIVE_MAX_MINUTES"),
        limit_percent=Decimal(settings.REMOTE_SESSION_LIMIT_PERCENT),
    )


def settling_patience() -> timedelta:
    """How long the job itself looks at a capture that waits."""
    return minutes("REMOTE_SESSION_SETTLE_MINUTES")


@dataclass(frozen=True, slots=True)
class ReleaseTimes:
    """How long blocked money waits for a charge that may still come."""

    cancelled: timedelta
    without_cdr: timedelta


def release_times() -> ReleaseTimes:
    return ReleaseTimes(
        cancelled=minutes("REMOTE_SESSION_CANCELLED_RELEASE_MINUTES"),
        without_cdr=minutes("REMOTE_SESSION_RELEASE_MINUTES"),
    )
