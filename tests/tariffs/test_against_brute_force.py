"""The engine against a second, plain reading of the specification, over random sessions that
cross midnight and both changes of the clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.pricing import price_cdr
from tests.tariffs.brute_force import DAYS, Stretch, total_of

ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC")
STARTS = [datetime(2024, *day, tzinfo=UTC) for day in ((3, 30), (10, 26), (3, 9), (11, 2))]
HALF_OF_THE_LAST_DIGIT = Fraction(1, 20_000)


@pytest.mark.parametrize("seed", range(8))
def test_engine_agrees_with_the_plain_reading(seed: int) -> None:
    random = Random(seed)
    for _ in range(50):
        terms, stretches, zone = make_tariff(random), make_stretches(random), random.choice(ZONES)
        net, gross = total_of(terms, stretches, ZoneInfo(zone))
        priced = price_cdr(
            as_cdr(stretches), version="2.2.1", time_zone=zone,
            tariffs=[prepare_tariff(terms, version="2.2.1")],
        )  # fmt: skip
        for ours, theirs in zip(priced.total, (net, gross), strict=True):
            assert abs(Fraction(ours) - theirs) <= HALF_OF_THE_LAST_DIGIT, (terms, stretches, zone)


def make_tariff(random: Random) -> dict[str, Any]:
    terms: dict[str, Any] = {"id": "T", "currency": "EUR"}
    terms["elements"] = [make_element(random) for _ in range(random.randint(1, 5))]
    for name in ("min_price", "max_price"):
        if random.random() < 0.15:
            amount = random.randint(1, 20)
            terms[name] = {"excl_vat": amount, "incl_vat": str(amount * Decimal("1.2"))}
    return terms


def make_element(random: Random) -> dict[str, Any]:
    kinds = random.sample(["ENERGY", "TIME", "PARKING_TIME", "FLAT"], random.randint(1, 3))
    parts = [
        {
            "type": kind,
            "price": random.choice(["0", "0.25", "1.5", "0.333", "2"]),
            "vat": random.choice([None, "21", "5.5"]),
            "step_size": random.choice([0, 1, 60, 300, 500, 900]),
        }
        for kind in kinds
    ]
    restrictions = make_restrictions(random) if random.random() < 0.75 else {}
    return {"price_components": parts, "restrictions": restrictions}


def make_restrictions(random: Random) -> dict[str, Any]:
    hours = random.sample([f"{hour:02}:{half}" for hour in range(24) for half in ("00", "30")], 2)
    dates = ["2024-03-10", "2024-03-30", "2024-03-31", "2024-10-27", "2024-10-28", "2024-11-03"]
    possible: dict[str, Any] = {
        "start_time": hours[0],
        "end_time": hours[1],
        "day_of_week": random.sample(DAYS, random.randint(1, 5)),
        "start_date": random.choice(dates),
        "end_date": random.choice(dates),
    }
    for bound in ("min", "max"):
        possible[f"{bound}_duration"] = random.choice([600, 1800, 3600, 7200])
        for name in ("kwh", "power", "current"):
            possible[f"{bound}_{name}"] = random.randint(1, 50)
    return {name: value for name, value in possible.items() if random.random() < 0.15}


def make_stretches(random: Random) -> list[Stretch]:
    start = random.choice(STARTS) + timedelta(seconds=random.randrange(3 * 86_400))
    stretches = []
    for _ in range(random.randint(1, 6)):
        seconds = random.choice([37, 60, 600, 900, 1234, 1800, 3600])
        kind = random.choice(["TIME", "TIME", "PARKING_TIME"])
        wh = random.randrange(20_000) if kind == "TIME" else 0
        low, high = sorted(random.randint(1, 60) for _ in range(2))
        stretches.append(Stretch(start, seconds, kind, wh, low, high))
        start += timedelta(seconds=seconds)
    return stretches


def as_cdr(stretches: list[Stretch]) -> dict[str, Any]:
    last = stretches[-1]
    return {
        "currency": "EUR",
        "start_date_time": stretches[0].start.isoformat(),
        "end_date_time": (last.start + timedelta(seconds=last.seconds)).isoformat(),
        "charging_periods": [as_period(each) for each in stretches],
    }


def as_period(stretch: Stretch) -> dict[str, Any]:
    volumes = {
        stretch.kind: f"{stretch.seconds / 3600:.4f}",
        "ENERGY": Decimal(stretch.wh) / 1000,
        "MIN_POWER": stretch.low,
        "MAX_POWER": stretch.high,
        "MIN_CURRENT": stretch.low,
        "MAX_CURRENT": stretch.high,
    }
    dimensions = [{"type": name, "volume": volume} for name, volume in volumes.items()]
    return {"start_date_time": stretch.start.isoformat(), "dimensions": dimensions}
