"""Pricings per second of one ordinary CDR, and the ratio to reading the tariff anew for each CDR.

    .venv/bin/python benchmarks/pricing.py [seconds per measurement]

One process, one core. Each pricing reads the CDR message, prices it, and renders the lines'
reasons and the explanation.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.pricing import price_cdr

TARIFF: dict[str, Any] = {
    "id": "18",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "FLAT", "price": "0.50", "vat": "20.0", "step_size": 1},
                {"type": "ENERGY", "price": "0.25", "vat": "10.0", "step_size": 1},
                {"type": "PARKING_TIME", "price": "2.00", "vat": "20.0", "step_size": 900},
            ]
        }
    ],
}
DAY_AND_NIGHT: dict[str, Any] = {
    "id": "19",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": "FLAT", "price": "0.50", "vat": "20.0", "step_size": 1}],
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.39", "vat": "10.0", "step_size": 1},
                {"type": "PARKING_TIME", "price": "2.00", "vat": "20.0", "step_size": 900},
            ],
            "restrictions": {
                "start_time": "07:00",
                "end_time": "19:00",
                "day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
            },
        },
        {"price_components": [{"type": "ENERGY", "price": "0.25", "vat": "10.0", "step_size": 1}]},
    ],
}


def make_period(start: str, **volumes: str) -> dict[str, Any]:
    """A charging period as OCPI writes it."""
    dimensions = [{"type": name, "volume": volume} for name, volume in volumes.items()]
    return {"start_date_time": start, "tariff_id": "18", "dimensions": dimensions}


CDR: dict[str, Any] = {
    "id": "12345",
    "currency": "EUR",
    "start_date_time": "2024-03-12T17:00:00Z",
    "end_date_time": "2024-03-12T19:40:00Z",
    "cdr_location": {"country": "NLD", "postal_code": "1012 JS"},
    "charging_periods": [
        make_period("2024-03-12T17:00:00Z", ENERGY="12.5", TIME="1.0"),
        make_period("2024-03-12T18:00:00Z", ENERGY="7.5", TIME="1.0"),
        make_period("2024-03-12T19:00:00Z", PARKING_TIME="0.6667"),
    ],
    "total_cost": {"excl_vat": "7.00", "incl_vat": "7.90"},
    "total_energy": "20.0",
    "total_time": "2.6667",
}


def pricings_per_second(price: Callable[[], Any], seconds: float) -> float:
    """How often `price` runs per second; the best of five stretches of the time given."""
    best = 0.0
    for _ in range(5):
        count, started = 0, perf_counter()
        while perf_counter() - started < seconds / 5:
            for _ in range(200):
                priced = price()
                _ = (priced.lines, priced.explanation)
            count += 200
        best = max(best, count / (perf_counter() - started))
    return best


def report(name: str, tariff: dict[str, Any], cdr: dict[str, Any], seconds: float) -> None:
    prepared = [prepare_tariff(tariff, version="2.2.1")]

    def with_prepared() -> Any:
        return price_cdr(cdr, version="2.2.1", tariffs=prepared, time_zone="Europe/Amsterdam")

    def anew() -> Any:
        tariffs = [prepare_tariff(tariff, version="2.2.1")]
        return price_cdr(cdr, version="2.2.1", tariffs=tariffs, time_zone="Europe/Amsterdam")

    fast, slow = (pricings_per_second(each, seconds) for each in (with_prepared, anew))
    print(
        f"{name}: {fast:,.0f} pricings/s ({1e6 / fast:.1f} us each), tariff read anew: "
        f"{slow:,.0f}/s ({1e6 / slow:.1f} us each), ratio {fast / slow:.1f}"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    one = {**CDR, "charging_periods": CDR["charging_periods"][:1]}
    report("one tariff, three periods", TARIFF, CDR, seconds)
    report("one tariff, one period", TARIFF, one, seconds)
    report("day and night, three periods", DAY_AND_NIGHT, CDR, seconds)


if __name__ == "__main__":
    main()
