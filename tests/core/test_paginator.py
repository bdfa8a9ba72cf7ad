"""Lists count up to their cap and no further."""

import pytest
from django.utils import timezone

from apps.core import paginator
from apps.core.models import JobRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def five_runs():
    now = timezone.now()
    JobRun.objects.bulk_create([JobRun(job=f"job {n}", started_at=now) for n in range(5)])
    return JobRun.objects.order_by("job")


def test_short_list_is_counted_exactly(five_runs, monkeypatch):
    monkeypatch.setattr(paginator, "CAP", 5)
    pages = paginator.CappedPaginator(five_runs, 2)
    assert (pages.count, pages.num_pages, pages.is_capped) == (5, 3, False)


def test_long_list_ends_at_the_cap_and_says_so(five_runs, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(paginator, "CAP", 4)
    pages = paginator.CappedPaginator(five_runs, 2)
    with django_assert_num_queries(1) as queries:
        assert (pages.count, pages.num_pages, pages.is_capped) == (4, 2, True)
    assert "LIMIT 5" in queries.captured_queries[0]["sql"]


def test_count_for_people_has_an_end(five_runs):
    assert paginator.display_count(five_runs, 5) == "5"
    assert paginator.display_count(five_runs, 4) == "4+"
    assert paginator.count_up_to([1, 2, 3], 2) == 2
