"""Pricings per second of one ordinary CDR, and the ratio to reading the tariff anew for each CDR.

    .venv/bin/python benchmarks/pricing.py [seconds per measurement]

One process, one core. Each pricing includes the lines and the explanation. The message is what
`json.loads(..., parse_float=Decimal)` gives.
"""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from apps.tariffs.ocpi.cdrs import read_cdr
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.pricing import price_cdr, price_session

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


def make_period(start: str, **volumes: float) -> dict[str, Any]:
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
        make_period("2024-03-12T17:00:00Z", ENERGY=12.5, TIME=1.0),
        make_period("2024-03-12T18:00:00Z", ENERGY=7.5, TIME=1.0),
        make_period("2024-03-12T19:00:00Z", PARKING_TIME=0.6667),
    ],
    "total_energy": 20.0,
    "total_time": 2.6667,
}


def as_received(message: dict[str, Any], total: dict[str, float]) -> dict[str, Any]:
    """The message as a door reads it from JSON, with the total that it comes to."""
    received: dict[str, Any] = json.loads(
        json.dumps({**message, "total_cost": total}), parse_float=Decimal
    )
    return received


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
    record = read_cdr(cdr, version="2.2.1")

    def from_message() -> Any:
        return price_cdr(cdr, version="2.2.1", tariffs=prepared, time_zone="Europe/Amsterdam")

    def from_record() -> Any:
        return price_session(record, prepared, time_zone="Europe/Amsterdam")

    def anew() -> Any:
        tariffs = [prepare_tariff(tariff, version="2.2.1")]
        return price_cdr(cdr, version="2.2.1", tariffs=tariffs, time_zone="Europe/Amsterdam")

    assert "SENT_MATCHES" in from_message().codes
    print(f"{name}:")
    message, read, slow = (
        pricings_per_second(each, seconds / 3) for each in (from_message, from_record, anew)
    )
    for how, rate in (
        ("session read already", read),
        ("read from its message", message),
        ("tariff read anew for each CDR", slow),
    ):
        print(f"  {how:30} {rate:9,.0f} pricings/s  {1e6 / rate:6.1f} us each")
    print(f"  ratio to the tariff read anew: {message / slow:.1f}")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    three = as_received(CDR, {"excl_vat": 7.0, "incl_vat": 7.9})
    one = {**CDR, "charging_periods": CDR["charging_periods"][:1]}
    report("one tariff, three periods", TARIFF, three, seconds)
    one = as_received(one, {"excl_vat": 3.625, "incl_vat": 4.0375})
    report("one tariff, one period", TARIFF, one, seconds)
    night = as_received(CDR, {"excl_vat": 7.25, "incl_vat": 8.025})
    report("day and night, three periods", DAY_AND_NIGHT, night, seconds)


if __name__ == "__main__":
    main()
