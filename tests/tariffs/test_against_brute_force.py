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
from tests.tariffs.brute_force import DAYS, RESERVED, Stretch, total_of

ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC")
STARTS = [datetime(2024, *day, tzinfo=UTC) for day in ((3, 30), (10, 26), (3, 9), (11, 2))]
HALF_OF_THE_LAST_DIGIT = Fraction(1, 20_000)


@pytest.mark.parametrize("seed", range(8))
def test_engine_agrees_with_the_plain_reading(seed: int) -> None:
    random = Random(seed)
    for _ in range(50):
        compare([make_tariff(random)], make_stretches(random), random.choice(ZONES))


@pytest.mark.parametrize("seed", range(4))
def test_engine_agrees_about_reservations(seed: int) -> None:
    """Before a charge, and expired; both kinds of elements, with flat fees, times and steps."""
    random = Random(1000 + seed)
    for _ in range(50):
        terms = make_tariff(random)
        terms["elements"] += [make_reservation(random) for _ in range(random.randint(1, 4))]
        random.shuffle(terms["elements"])
        charge = make_stretches(random) if random.random() < 0.6 else []
        compare([terms], before(random, charge), random.choice(ZONES))


@pytest.mark.parametrize("seed", range(4))
def test_engine_agrees_about_switches_of_tariff(seed: int) -> None:
    """Two or three tariffs in one CDR, some periods with none, some after a reservation."""
    random = Random(2000 + seed)
    for _ in range(50):
        terms = [{**make_tariff(random), "id": f"T{n}"} for n in range(random.randint(2, 3))]
        for each in terms:
            each["elements"] += [make_reservation(random) for _ in range(random.randint(0, 2))]
        stretches = make_stretches(random)
        if random.random() < 0.3:
            stretches = before(random, stretches)
        ids = [*(each["id"] for each in terms), *([""] if random.random() < 0.2 else [])]
        named = [each._replace(tariff=random.choice(ids)) for each in stretches]
        if not any(each.tariff for each in named):
            continue
        compare(terms, named, random.choice(ZONES))


def compare(terms: list[dict[str, Any]], stretches: list[Stretch], zone: str) -> None:
    theirs = total_of({each["id"]: each for each in terms}, stretches, ZoneInfo(zone))
    priced = price_cdr(
        as_cdr(stretches), version="2.2.1", time_zone=zone,
        tariffs=[prepare_tariff(each, version="2.2.1") for each in terms],
    )  # fmt: skip
    for our_side, their_side in zip(priced.total, theirs, strict=True):
        differs = abs(Fraction(our_side) - their_side)
        assert differs <= HALF_OF_THE_LAST_DIGIT, (terms, stretches, zone)


def make_reservation(random: Random) -> dict[str, Any]:
    """An element for reservations, used or expired."""
    element = make_element(random)
    parts = [part for part in element["price_components"] if part["type"] in ("TIME", "FLAT")]
    if not parts:
        parts = [{**element["price_components"][0], "type": random.choice(["TIME", "FLAT"])}]
    kind = random.choice(["RESERVATION", "RESERVATION_EXPIRES"])
    return {
        "price_components": parts,
        "restrictions": {**element["restrictions"], "reservation": kind},
    }


def before(random: Random, charge: list[Stretch]) -> list[Stretch]:
    """A reservation of one or two periods, then the charge."""
    end = charge[0].start if charge else random.choice(STARTS) + timedelta(hours=12)
    reserved: list[Stretch] = []
    for _ in range(random.randint(1, 2)):
        seconds = random.choice([60, 600, 900, 1234])
        end -= timedelta(seconds=seconds)
        low, high = sorted(random.randint(1, 60) for _ in range(2))
        reserved.insert(0, Stretch(end, seconds, RESERVED, 0, low, high))
    return [*reserved, *charge]


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
    return {
        "start_date_time": stretch.start.isoformat(), "dimensions": dimensions,
        "tariff_id": stretch.tariff or None,
    }  # fmt: skip
