"""The session that staff imagine while they edit a tariff: "30 kWh on a weekday evening". Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from apps.tariffs.picture import MONDAY
from apps.tariffs.preview import Imagined
from apps.tariffs.restrictions import DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A charge on a day of the week (0 is Monday), at the station's clock."""

    day: int = 2
    start: time = time(18)
    kwh: Decimal = Decimal(30)
    charging_minutes: int = 120
    kw: Decimal = Decimal(50)
    parking_minutes: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Sample":
        """The sample of a form's values; what isn't told is as usual."""
        return cls(**{name: value for name, value in told.items() if value is not None})

    @property
    def words(self) -> str:
        """ "30 kWh on a Wednesday at 18:00: 2 h of charging at 50 kW"."""
        parts = [f"{_hours(self.charging_minutes)} of charging at {_short(self.kw)} kW"]
        if self.parking_minutes:
            parts.append(f"then {_hours(self.parking_minutes)} of parking")
        day = DAYS[self.day].capitalize()
        return f"{_short(self.kwh)} kWh on a {day} at {self.start:%H:%M}: {', '.join(parts)}"

    @property
    def imagined(self) -> Imagined:
        """The session for the engine."""
        start = MONDAY + timedelta(days=self.day, hours=self.start.hour, minutes=self.start.minute)
        return Imagined(
            name=self.words, start=start, charging_minutes=self.charging_minutes, kwh=self.kwh,
            kw=self.kw, parking_minutes=self.parking_minutes,
        )  # fmt: skip


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" * bool(hours), f"{rest} min" * bool(rest)) if part
    )


def _short(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
