"""Prices stored CDRs again with one command: seconds, CDRs per second, and peak memory.

    createdb evcharge_benchmark
    DEBUG=1 DATABASE_URL=postgresql://.../evcharge_benchmark \
        .venv/bin/python benchmarks/repricing.py [number of CDRs, 100000 if none is said]

Fills an empty database with CDRs that carry a tariff of three components and have three charging
periods. Two runs: the first finds all prices and writes them with versions, entries and events;
the second finds nothing to change. In the same run the ratio to reading the tariff anew for each.
"""

import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
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


def fill(count: int) -> None:
    """CDRs without a trail of their own: what is measured is pricing them."""
    import django.db.models

    from apps.cdrs.models import CDR
    from apps.locations.models import Operator

    plain: Any = django.db.models.QuerySet(Operator)
    operator = Operator(country_code="NL", party_id="BEN", name="Benchmark")
    plain.bulk_create([operator])
    rows: Any = django.db.models.QuerySet(CDR)
    for first in range(0, count, 2_000):
        rows.bulk_create([make_cdr(number, operator) for number in range(first, first + 2_000)])


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


def run(name: str, count: int) -> float:
    """Runs the command as staff do, and prints what it took."""
    started = time.perf_counter()
    command = [sys.executable, "manage.py", "reprice_cdrs", "--reason", "benchmark"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name}: {seconds:.1f} s, {count / seconds:,.0f} CDRs/s, {peak:.0f} MB at most")
    print(f"  {done.stdout.strip()}")
    return seconds


def ratio() -> float:
    """How much longer pricing takes when each CDR's tariff is read anew."""
    from apps.cdrs.models import CDR
    from apps.cdrs.price_check import price_purchase
    from apps.tariffs.services import TariffBook

    cdrs = list(CDR.objects.all()[:2_000])
    kept = TariffBook()
    started = time.perf_counter()
    for cdr in cdrs:
        price_purchase(cdr, kept)
    between = time.perf_counter()
    for cdr in cdrs:
        price_purchase(cdr, TariffBook())
    return (time.perf_counter() - between) / (between - started)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    import django

    django.setup()
    from django.core.management import call_command

    from apps.cdrs.models import CDR

    call_command("migrate", verbosity=0)
    if not CDR.objects.exists():
        fill(count)
    run("all prices are new", count)
    run("no price changes", count)
    print(f"ratio of pricing with each tariff read anew: {ratio():.1f}")


if __name__ == "__main__":
    main()
