"""A charging profile in words: from when on a charge may draw how much."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import OcpiError
from apps.roaming.ocpi.fields import Fields

UNITS = {"W": "W", "A": "A per phase"}


def shown_profile(body: str, *, below: str = "") -> SafeString | str:
    """The ActiveChargingProfile in a body, or below a name in it; a dash when there is none."""
    try:
        return _rows(json.read(body), below) if body else staff_display.EMPTY
    except (OcpiError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        # What can't be read stands below as it came.
        return staff_display.EMPTY


def _rows(message: Any, below: str) -> SafeString | str:
    active = message[below] if below else message
    start = Fields.of(active, "").time("start_date_time")
    profile = active["charging_profile"]
    unit = UNITS[profile["charging_rate_unit"]]
    rows: list[tuple[object, object]] = [
        (_moment(start, each["start_period"]), f"{_number(each['limit'])} {unit}")
        for each in profile["charging_profile_period"]
    ]
    if (seconds := profile.get("duration")) is not None:
        rows.append((_moment(start, seconds), "the plan ends"))
    return staff_display.rows(rows)


def _number(limit: Decimal | int) -> str:
    """11,000.5, and 400,000 for 400000.0."""
    text = f"{Decimal(limit):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(start: datetime, seconds: int) -> str:
    moment = (start + timedelta(seconds=seconds)).astimezone(UTC)
    return f"from {moment:%-d %b, %H:%M:%S} UTC"
