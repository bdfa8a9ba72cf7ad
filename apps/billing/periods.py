"""Billing periods: whole months, by the station's local date."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from apps.core.errors import InvalidInput

# No clock on earth is further behind UTC than this.
_LATEST_MIDNIGHT = timedelta(hours=12)


class PeriodUnreadable(InvalidInput):
    """The text names no month."""

    code = "PERIOD_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to and without `end`."""

    start: date
    end: date

    @classmethod
    def of_month(cls, text: str) -> "Period":
        """The month that is written 2018-08. Raises PeriodUnreadable."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or text.startswith("0000"):
            raise PeriodUnreadable(f"{text!r} is no month; write it like 2018-08.")
        return cls.containing(date(int(text[:4]), int(text[5:]), 1))

    @classmethod
    def containing(cls, day: date) -> "Period":
        """The month of a day."""
        start = day.replace(day=1)
        return cls(start, start + timedelta(days=calendar.monthrange(day.year, day.month)[1]))

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def latest_end(self) -> datetime:
        """The instant at which the period is over everywhere on earth (for coarse queries)."""
        return datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC) + _LATEST_MIDNIGHT

    def is_over_on(self, day: date) -> bool:
        """Whether something of that local date belongs to a later period."""
        return day >= self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"
