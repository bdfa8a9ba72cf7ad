"""Pages of staff lists that stay quick over millions of rows."""

from typing import Any, Final

from django.core.paginator import Paginator
from django.utils.functional import cached_property

# 200 pages of 50. Whoever needs row 10,001 narrows the list with a filter or the search.
CAP: Final = 10_000


class CappedPaginator(Paginator):
    """Counts at most `CAP` rows, so that a list never scans the whole table to say its length."""

    template_name = "core/pagination.html"

    @cached_property
    def counted(self) -> int:
        return count_up_to(self.object_list, CAP + 1)

    @cached_property
    def count(self) -> int:
        return min(self.counted, CAP)

    @property
    def is_capped(self) -> bool:
        return self.counted > CAP


def count_up_to(rows: Any, limit: int) -> int:
    """How many rows, `limit` at most; the database stops looking there."""
    if not hasattr(rows, "order_by"):
        return min(len(rows), limit)
    return int(rows.order_by()[:limit].count())


def display_count(rows: Any, limit: int = 1000) -> str:
    """The number of rows as people read it: "1,234", or "10,000+" from the limit on."""
    counted = count_up_to(rows, limit + 1)
    return f"{limit:,}+" if counted > limit else f"{counted:,}"
