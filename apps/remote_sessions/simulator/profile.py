"""A charging profile at a simulated station (OCPI 2.2.1 mod_charging_profiles, ChargingProfile)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.remote_sessions.simulator import catalogue


class Malformed(Exception):
    """What came is no object of OCPI 2.2.1."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The most that may be drawn, in W, by seconds from its start; outside of it no limit."""

    starts_at: datetime
    ends_at: datetime | None
    steps: tuple[tuple[int, Decimal], ...]

    def limit_at(self, moment: datetime) -> Decimal | None:
        if moment < self.starts_at or (self.ends_at and moment >= self.ends_at):
            return None
        passed = (moment - self.starts_at).total_seconds()
        limits = [watt for start, watt in self.steps if start <= passed]
        return limits[-1] if limits else None

    def moments(self) -> list[datetime]:
        """When the limit changes."""
        steps = [self.starts_at + timedelta(seconds=start) for start, _ in self.steps]
        return [self.starts_at, *steps, *([self.ends_at] if self.ends_at else [])]


def read_profile(data: Any, *, charge_started_at: datetime) -> Profile:
    """Without a start of its own it counts from the start of the charge. Raises Malformed."""
    try:
        unit = {"W": Decimal(1), "A": Decimal(catalogue.VOLT)}[data["charging_rate_unit"]]
        start = read_time(data["start_date_time"]) if data.get("start_date_time") else None
        steps = [
            (int(each["start_period"]), Decimal(str(each["limit"])) * unit)
            for each in data.get("charging_profile_period", [])
        ]
        seconds = data.get("duration")
        starts_at = start or charge_started_at
        ends_at = None if seconds is None else starts_at + timedelta(seconds=int(seconds))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, OverflowError):
        raise Malformed("This is no ChargingProfile.") from None
    if not all(watt.is_finite() and watt >= 0 for _, watt in steps):
        raise Malformed("A limit is a number, and not below zero.")
    return Profile(starts_at, ends_at, tuple(sorted(steps)))


def read_time(text: str) -> datetime:
    """OCPI's DateTime; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else datetime.fromisoformat(f"{text}+00:00")


def tell_active(
    limit_at: Callable[[datetime], Decimal], moments: Iterable[datetime], *, at: datetime,
    seconds: int, stamp: str,
) -> dict[str, Any]:  # fmt: skip
    """ActiveChargingProfile: what the station plans for the next `seconds`."""
    end = at + timedelta(seconds=seconds)
    steps: list[dict[str, Any]] = []
    for moment in sorted({at, *(each for each in moments if at < each < end)}):
        limit = float(limit_at(moment).quantize(Decimal("0.1")))
        if not steps or steps[-1]["limit"] != limit:
            start = int((moment - at).total_seconds())
            steps.append({"start_period": start, "limit": limit})
    return {
        "start_date_time": stamp,
        "charging_profile": {
            "start_date_time": stamp, "duration": seconds, "charging_rate_unit": "W",
            "charging_profile_period": steps,
        },
    }  # fmt: skip
