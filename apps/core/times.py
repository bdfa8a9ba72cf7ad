"""Times at which something can have happened."""

from datetime import datetime
from typing import Final

# Some systems write 0001-01-01 or 9999-12-31 for "none"; other time zones can't show those.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9998


def can_have_happened(moment: datetime) -> bool:
    """Whether it is a time at all, and not a placeholder at the end of the calendar."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
