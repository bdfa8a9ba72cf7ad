"""The rate book: which rate a territory had on a day."""

from datetime import date
from decimal import Decimal

import pytest

from apps.vat.rates import Rate, RateBook, RateKind
from apps.vat.services import load_rate_book

SHIPPED = RateBook.shipped()


def period(valid_from: str, valid_to: str | None, rate: str = "20") -> Rate:
    return Rate(
        territory="AA",
        kind=RateKind.STANDARD,
        rate=Decimal(rate),
        valid_from=date.fromisoformat(valid_from),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        source="test",
    )


@pytest.mark.parametrize(
    ("territory", "on", "expected"),
    [
        ("DE", "2020-06-30", "19"),
        ("DE", "2020-07-01", "16"),
        ("DE", "2020-12-31", "16"),
        ("DE", "2021-01-01", "19"),
        ("EE", "2024-12-31", "22"),
        ("EE", "2025-07-01", "24"),
        ("RO", "2025-07-31", "19"),
        ("RO", "2025-08-01", "21"),
        ("FI", "2024-08-31", "24"),
        ("FI", "2024-09-01", "25.5"),
        ("SK", "2024-12-31", "20"),
        ("CH", "2023-12-31", "7.7"),
        ("CH", "2024-01-01", "8.1"),
        ("PT-20", "2021-06-30", "18"),
    ],
)
def test_standard_rate_is_that_of_the_day(territory: str, on: str, expected: str) -> None:
    rate = SHIPPED.standard_rate(territory, date.fromisoformat(on))
    assert rate is not None
    assert rate.rate == Decimal(expected)


@pytest.mark.parametrize(
    ("territory", "on", "expected"),
    [
        ("IE", "2020-06-15", "23"),
        ("IE", "2020-06-16", "13.5"),
        ("IE", "2022-05-01", "9"),
        ("IE", "2031-01-01", "23"),
        ("GR", "2023-09-30", "24"),
        ("GR", "2023-10-01", "6"),
        ("HR", "2024-03-24", "25"),
        ("HR", "2024-03-25", "13"),
        ("LU", "2023-06-01", "7"),
        ("LU", "2024-01-01", "8"),
        ("NL", "2026-01-01", "21"),
    ],
)
def test_charging_has_its_own_rate_where_there_is_one(
    territory: str, on: str, expected: str
) -> None:
    rate = SHIPPED.charging_rate(territory, date.fromisoformat(on))
    assert rate is not None
    assert rate.rate == Decimal(expected)


def test_a_day_that_no_period_covers_has_no_rate() -> None:
    assert SHIPPED.standard_rate("CH", date(2017, 12, 31)) is None
    assert SHIPPED.charging_rate("US", date(2026, 1, 1)) is None


def test_shipped_rates_have_neither_gaps_nor_overlaps() -> None:
    assert SHIPPED.faults() == []
    assert len(list(SHIPPED)) == 73


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (("2020-01-01", "2021-01-01"), ("2021-02-01", None), "leaves a gap before"),
        (("2020-01-01", "2021-01-01"), ("2020-12-31", None), "overlaps"),
        (("2020-01-01", None), ("2021-01-01", None), "overlaps"),
    ],
)
def test_book_names_gaps_and_overlaps(
    first: tuple[str, str | None], second: tuple[str, str | None], words: str
) -> None:
    faults = RateBook([period(*first), period(*second)]).faults()
    assert len(faults) == 1
    assert words in str(faults[0])


@pytest.mark.django_db
def test_table_is_seeded_with_the_shipped_rates() -> None:
    key = lambda rate: (rate.territory, rate.kind, rate.valid_from)  # noqa: E731
    assert sorted(load_rate_book(), key=key) == sorted(SHIPPED, key=key)
