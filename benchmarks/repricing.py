"""Prices stored CDRs again with one command on PostgreSQL: seconds, processor time, peak memory.

    .venv/bin/python benchmarks/repricing.py [number of CDRs, 100000 if none is said]

Makes a database of its own beside that of DATABASE_URL, fills it with CDRs that carry a tariff of
three components and have three charging periods, and drops it at the end. Two runs of
`manage.py reprice_cdrs`: the first finds all prices and writes them with versions, entries and
events; the second finds nothing to change. In the same run the ratio to the straightforward way,
over a sample: each CDR read, its tariff read anew, priced, and saved by itself.

Memory is the sum over the command's processes, pages that they share counted once (PSS).
"""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
NAME = "evcharge_bench_repricing"
DEFAULT_SERVER = "postgresql://root@127.0.0.1:5432/root"
TOLD = os.environ.get("DATABASE_URL", DEFAULT_SERVER)
SERVER = TOLD if TOLD.startswith("postgres") else DEFAULT_SERVER
GOAL_SECONDS, GOAL_MEGABYTES = 60, 200
SAMPLE = 1_000
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TARIFF = {
    "id": "18",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "FLAT", "price": 0.5, "vat": 20.0, "step_size": 1},
                {"type": "ENERGY", "price": 0.25, "vat": 10.0, "step_size": 1},
                {"type": "PARKING_TIME", "price": 2.0, "vat": 20.0, "step_size": 900},
            ]
        }
    ],
}


def drop_database() -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME))
        )


def use_new_database() -> None:
    drop_database()
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    # DEBUG would keep every query in memory and measure that.
    os.environ.update(
        DATABASE_URL=SERVER.rsplit("/", 1)[0] + "/" + NAME, DEBUG="0", LOG_LEVEL="WARNING",
        SECRET_KEY="benchmark" * 6, AUDIT_SEAL_KEY="benchmark" * 6, ALLOWED_HOSTS="*",
        SECURE_SSL_REDIRECT="0", DJANGO_SETTINGS_MODULE="evcharge.settings",
    )  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    from apps.audit.context import Actor, acting

    with acting(Actor.job("benchmark")):
        call_command("migrate", verbosity=0)


def fill(count: int) -> None:
    """CDRs without a trail of their own: what is measured is pricing them."""
    import django.db.models
    from django.db import connection

    from apps.cdrs.models import CDR
    from apps.core.inserting import insert_many
    from apps.locations.models import Operator

    plain: Any = django.db.models.QuerySet(Operator)
    operator = Operator(country_code="NL", party_id="BEN", name="Benchmark")
    plain.bulk_create([operator])
    for first in range(0, count, 2_000):
        last = min(first + 2_000, count)
        insert_many([make_cdr(number, operator) for number in range(first, last)])
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {CDR._meta.db_table}")


def make_cdr(number: int, operator: Any) -> Any:
    from apps.cdrs.models import CDR

    start = START + timedelta(minutes=number % 100_000)
    return CDR(
        source="OCPI", country_code="NL", party_id="BEN", cdr_id=f"B{number:08}",
        operator=operator, ocpi_version="2.2.1", started_at=start,
        ended_at=start + timedelta(minutes=160), currency="EUR", kwh=Decimal(20),
        location_country="NL", total_cost_excl_vat=Decimal("7.00"),
        total_cost_incl_vat=Decimal("7.90"), tariffs=[TARIFF],
        charging_periods=[
            period(start, ENERGY="12.5", TIME="1.0"),
            period(start + timedelta(minutes=60), ENERGY="7.5", TIME="1.0"),
            period(start + timedelta(minutes=120), PARKING_TIME="0.6667"),
        ],
    )  # fmt: skip


def period(start: datetime, **volumes: str) -> dict[str, Any]:
    dimensions = [{"type": name, "volume": volume} for name, volume in volumes.items()]
    return {
        "start_date_time": start.isoformat(), "dimensions": dimensions, "tariff_id": "18",
    }  # fmt: skip


class Watched:
    """A command while it runs: the most memory that its processes had together."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = psutil.Process(process.pid)
        self.megabytes = 0.0
        self.most_processes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self) -> None:
        while not self.ended.wait(0.25):
            try:
                family = [self.process, *self.process.children(recursive=True)]
                memory = sum(each.memory_full_info().pss for each in family)
            except psutil.Error:
                continue
            self.megabytes = max(self.megabytes, memory / 2**20)
            self.most_processes = max(self.most_processes, len(family))

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()


def processor_time() -> float:
    """Seconds that ended child processes took of all cores."""
    times = os.times()
    return times.children_user + times.children_system


def run(name: str, count: int) -> tuple[float, float]:
    """Runs the command as staff do, and prints what it took; seconds and megabytes."""
    cpu = processor_time()
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "reprice_cdrs", "--reason", "benchmark"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    watched = Watched(process)
    told, _ = process.communicate()
    seconds = time.perf_counter() - started
    watched.stop()
    assert process.returncode == 0
    cpu = processor_time() - cpu
    print(f"{name}: {seconds:.1f} s, {count / seconds:,.0f} CDRs/s; {told.strip()}")
    print(
        f"  {watched.most_processes} processes, {watched.megabytes:.0f} MB together at most, "
        f"{cpu:.1f} s of processor time ({cpu / count * 1e6:.0f} us per CDR, the server's aside)"
    )
    return seconds, watched.megabytes


def plainly(sample: int) -> float:
    """Seconds per CDR of the straightforward way, all prices changing."""
    from apps.audit.context import Actor, acting
    from apps.cdrs.models import CDR
    from apps.cdrs.price_check import price_purchase
    from apps.tariffs.services import TariffBook

    keys = list(CDR.objects.order_by("pk").values_list("pk", flat=True)[:sample])
    started = time.perf_counter()
    with acting(Actor.job("benchmark")):
        for key in keys:
            cdr = CDR.objects.get(pk=key)
            price_purchase(cdr, TariffBook())
            cdr.computed_cost_excl_vat = Decimal(1)
            cdr.save()
    return (time.perf_counter() - started) / sample


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    use_new_database()
    try:
        print(f"Making {count:,} CDRs in {NAME} ...", flush=True)
        fill(count)
        runs = [run("all prices are new", count), run("no price changes", count)]
        slow = plainly(min(SAMPLE, count)) * count / runs[0][0]
        print(f"one by one, each tariff read anew: {slow:.1f} times as long as the first run")
    finally:
        drop_database()
    seconds, megabytes = (max(each) for each in zip(*runs, strict=True))
    reached = seconds * 100_000 / count < GOAL_SECONDS and megabytes < GOAL_MEGABYTES
    print(
        f"goal of {GOAL_SECONDS} s for 100,000 CDRs and {GOAL_MEGABYTES} MB: "
        f"{'reached' if reached else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
