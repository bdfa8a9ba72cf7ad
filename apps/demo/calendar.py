"""Which days the demo tells of: three whole months, and the running one up to yesterday. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """`months` are the first days of the three whole months, the oldest first."""

    today: date

    @property
    def months(self) -> tuple[date, date, date]:
        last = previous_month(self.today)
        middle = previous_month(last)
        return (previous_month(middle), middle, last)

    def days(self) -> Iterator[date]:
        """From the first of the oldest month to yesterday."""
        day = self.months[0]
        while day < self.today:
            yield day
            day += timedelta(days=1)


def previous_month(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
