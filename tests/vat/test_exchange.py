"""VAT in the tax country's currency, at the ECB's rate."""

from datetime import date
from decimal import Decimal

import pytest

from apps.vat.exchange import ExchangeRateMissing, find_rate, tax_currency


@pytest.mark.parametrize(
    ("country", "on", "currency"),
    [
        ("NL", "2026-01-01", "EUR"),
        ("DK", "2026-01-01", "DKK"),
        ("XI", "2026-01-01", "GBP"),
        ("CH", "2026-01-01", "CHF"),
        ("HR", "2022-12-31", "HRK"),
        ("HR", "2023-01-01", "EUR"),
        ("BG", "2025-12-31", "BGN"),
        ("BG", "2026-01-01", "EUR"),
    ],
)
def test_each_country_takes_its_own_currency(country: str, on: str, currency: str) -> None:
    assert tax_currency(country, date.fromisoformat(on)) == currency


def test_the_rate_is_that_of_the_day() -> None:
    """ECB, 2 January 2026: 1 EUR = 7.4694 DKK."""
    rate = find_rate(source="EUR", target="DKK", on=date(2026, 1, 2))
    assert rate.rate == Decimal("7.4694")
    assert rate.published_on == date(2026, 1, 2)
    assert rate.convert(Decimal("2.10")) == Decimal("15.69")


def test_on_a_day_without_publication_it_is_the_last_one_before() -> None:
    sunday = find_rate(source="EUR", target="DKK", on=date(2026, 1, 4))
    assert sunday.published_on == date(2026, 1, 2)


def test_rates_cross_over_the_euro() -> None:
    direct = find_rate(source="GBP", target="DKK", on=date(2026, 1, 2)).rate
    euro = find_rate(source="EUR", target="DKK", on=date(2026, 1, 2)).rate
    pound = find_rate(source="EUR", target="GBP", on=date(2026, 1, 2)).rate
    assert abs(direct - euro / pound) < Decimal("0.0000001")


def test_after_the_end_of_the_history_it_is_the_last_rate_with_its_date() -> None:
    rate = find_rate(source="EUR", target="SEK", on=date(2090, 1, 1))
    assert rate.published_on < date(2030, 1, 1)


def test_the_same_currency_needs_no_history() -> None:
    rate = find_rate(source="EUR", target="EUR", on=date(1980, 1, 1))
    assert rate.convert(Decimal("1.005")) == Decimal("1.01")


@pytest.mark.parametrize(
    ("source", "on"), [("BGN", "2026-03-01"), ("EUR", "1990-01-01"), ("TND", "2026-01-02")]
)
def test_a_rate_that_was_never_published_is_an_error(source: str, on: str) -> None:
    with pytest.raises(ExchangeRateMissing, match="no ECB rate"):
        find_rate(source=source, target="DKK", on=date.fromisoformat(on))
