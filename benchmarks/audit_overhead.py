"""What history, entry and event cost on a single-row save, and on a bulk insert.

    DEBUG=1 DATABASE_URL=postgresql://root@127.0.0.1:5432/bench python benchmarks/audit_overhead.py
    DEBUG=1 DATABASE_URL=sqlite:////tmp/bench.sqlite3 python benchmarks/audit_overhead.py

The database is migrated and filled: use one of its own. Compares with the same UPDATE and the
same rows through plain Django, all three off, in transactions of their own.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saves", type=int, default=500)
    parser.add_argument("--rows", type=int, default=2000)
    arguments = parser.parse_args()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from apps.audit.context import Actor, acting
    from apps.events import services

    services._wake_relay = lambda: None
    # DEBUG keeps the text of each query, which is no cost of the trail.
    settings.DEBUG = False
    with acting(Actor.job("benchmark")):
        call_command("migrate", verbosity=0)
        single(arguments.saves)
        bulk(arguments.rows)


def single(saves: int) -> None:
    """A status and a reason change, as accepting a CDR does."""
    from django.db import transaction
    from django.utils import timezone

    from apps.accounts.models import Provider
    from apps.audit.services import record
    from apps.events.services import emit
    from tests.accounts.factories import ProviderFactory

    provider = ProviderFactory(
        slug=f"bench-{time.time_ns()}", invoice_prefix=str(time.time_ns())[-9:]
    )

    def plain(n: int) -> None:
        with transaction.atomic():
            Provider._base_manager.select_for_update().get(pk=provider.pk)
            Provider._base_manager.filter(pk=provider.pk).update(
                name=f"plain {n}", city=f"{n}", updated_at=timezone.now()
            )

    def audited(n: int) -> None:
        with transaction.atomic():
            row = Provider._base_manager.select_for_update().get(pk=provider.pk)
            row.name, row.city = f"audited {n}", f"{n}"
            record("renamed provider", row)
            emit(type="provider.renamed", aggregate=row, now=timezone.now(), data={"n": n})

    off, on = median_ms(plain, saves), median_ms(audited, saves)
    print(f"single row: off {off:.2f} ms, on {on:.2f} ms, overhead {on - off:.2f} ms")


def bulk(rows: int) -> None:
    """CDR-like rows: the same through plain Django and through the trail."""
    from django.db import models, transaction
    from django.utils import timezone

    from apps.cdrs.models import CDR
    from apps.events.services import NewEvent, emit_first
    from tests.cdrs.factories import CdrFactory

    def build(tag: str) -> list[CDR]:
        # build() makes unsaved parents: only the columns of the row itself are kept.
        made: list[CDR] = CdrFactory.build_batch(rows)
        for cdr in made:
            cdr.token = cdr.account = cdr.provider = cdr.operator = cdr.location = None
            cdr.contract_id = "NL-EFL-CBENCH01-X"
        for number, cdr in enumerate(made):
            cdr.cdr_id = f"{tag}-{time.time_ns()}-{number}"
        return made

    def plain(batch: list[CDR]) -> None:
        with transaction.atomic():
            models.QuerySet(CDR).bulk_create(batch, batch_size=500)

    def audited(batch: list[CDR]) -> None:
        with transaction.atomic():
            CDR.objects.bulk_create(batch)
            events = [NewEvent("cdr.created", cdr, data={"id": str(cdr.pk)}) for cdr in batch]
            emit_first(events=events, now=timezone.now())

    off, on = seconds(plain, build("off")), seconds(audited, build("on"))
    print(f"bulk of {rows}: off {off:.2f} s, on {on:.2f} s, {on / off:.1f} times")


def median_ms(do: Callable[[int], None], times: int) -> float:
    taken = []
    for number in range(times):
        began = time.perf_counter()
        do(number)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def seconds(do: Callable[..., None], batch: object) -> float:
    began = time.perf_counter()
    do(batch)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
