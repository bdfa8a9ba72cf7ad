"""The staff list of a million CDRs on PostgreSQL, against the same list with Django's paginator.

    python benchmarks/admin_list.py [--rows 1000000] [--fresh]

Whole requests, template and all, of a logged-in administrator. Makes a database of its own
(evcharge_benchmark) on the server of DATABASE_URL. Goal: under 300 ms for 95 of 100 pages.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from million import percentile, use_database


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fresh", action="store_true", help="Make the data anew.")
    parser.add_argument("--requests", type=int, default=10, help="Per kind of page.")
    options = parser.parse_args()
    use_database(rows=options.rows, fresh=options.fresh)
    client = _administrator()
    ours: list[float] = []
    ratios: list[float] = []
    print(f"{'page':<34}{'p50 ms':>9}{'p95 ms':>9}{'plain ms':>10}{'ratio':>8}")
    for kind, query in _pages().items():
        _timed(client, query)
        times = [_timed(client, query) for _ in range(options.requests)]
        with _StockPaginator():
            plain = percentile([_timed(client, query) for _ in range(3)], 0.5)
        ours += times
        ratios.append(plain / percentile(times, 0.5))
        print(f"{kind:<34}{percentile(times, 0.5):9.1f}{percentile(times, 0.95):9.1f}"
              f"{plain:10.1f}{ratios[-1]:7.1f}x", flush=True)  # fmt: skip
    p50, p95 = percentile(ours, 0.5), percentile(ours, 0.95)
    print(f"\nall {len(ours)} pages: p50 {p50:.1f} ms, p95 {p95:.1f} ms (goal: p95 under 300); "
          f"the stock paginator takes {percentile(ratios, 0.5):.1f} x as long")  # fmt: skip
    return 0 if p95 < 300 else 1


def _pages() -> dict[str, str]:
    from apps.accounts.models import Provider
    from apps.locations.models import Operator

    provider, operator = Provider.objects.all()[0].pk, Operator.objects.all()[0].pk
    return {
        "first page": "",
        "page 20": "p=20",
        "page 200": "p=200",
        "pending": "status__exact=PENDING",
        "held": "is_held__exact=1",
        "of a provider": f"provider__id__exact={provider}",
        "of an operator, accepted": f"operator__id__exact={operator}&status__exact=ACCEPTED",
        "of a month": "ended_at_from=2026-03-01&ended_at_to=2026-03-31",
        "phrase: part of a contract id": "q=C00004711",
        "phrase: a word of many names": "q=harbour",
        "phrase: nothing has it": "q=zzqxkj",
    }


def _administrator() -> Any:
    from django.test import Client

    from apps.accounts.models import User
    from apps.audit.context import Actor, acting

    with acting(Actor.job("benchmark")):
        user = User.objects.filter(email="benchmark@example.com").first()
        user = user or User.objects.create_superuser("benchmark@example.com")
        client = Client()
        client.force_login(user)
    return client


def _timed(client: Any, query: str) -> float:
    start = time.perf_counter()
    response = client.get(f"/admin/cdrs/cdr/?{query}")
    elapsed = (time.perf_counter() - start) * 1000
    assert response.status_code == 200, (query, response.status_code, response.get("Location"))
    return elapsed


class _StockPaginator:
    """The list as Django ships it: a full count for the pages, another one for the total."""

    def __enter__(self) -> None:
        from django.contrib import admin
        from django.core.paginator import Paginator

        from apps.cdrs.models import CDR

        self.admin = admin.site.get_model_admin(CDR)
        self.admin.paginator, self.admin.show_full_result_count = Paginator, True
        self.made = type(self.admin).get_changelist_instance
        type(self.admin).get_changelist_instance = admin.ModelAdmin.get_changelist_instance

    def __exit__(self, *error: object) -> None:
        del self.admin.paginator, self.admin.show_full_result_count
        type(self.admin).get_changelist_instance = self.made


if __name__ == "__main__":
    sys.exit(main())
