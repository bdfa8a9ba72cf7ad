"""Amounts are rounded half up, once, by the currency's minor unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import (
    CURRENCIES,
    UnknownCurrency,
    currency_exponent,
    display,
    minor_unit,
    quantize,
    total,
)

amounts = st.decimals(
    min_value=-(10**9), max_value=10**9, places=8, allow_nan=False, allow_infinity=False
)
currencies = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "EUR", "1.01"),
        ("-1.005", "EUR", "-1.01"),
        ("1.0049999", "EUR", "1.00"),
        ("0.5", "JPY", "1"),
        ("1.0005", "TND", "1.001"),
    ],
)
def test_half_goes_away_from_zero(amount, currency, rounded):
    assert str(quantize(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize("code", ["eur", "XXX", "", "EURO"])
def test_unknown_currency_is_refused(code):
    with pytest.raises(UnknownCurrency) as caught:
        currency_exponent(code)
    assert caught.value.code == "UNKNOWN_CURRENCY"


@given(amounts, currencies)
def test_rounding_moves_at_most_half_a_minor_unit(amount, currency):
    rounded = quantize(amount, currency)
    assert abs(rounded - amount) <= minor_unit(currency) / 2
    assert quantize(rounded, currency) == rounded


@given(amounts, currencies)
def test_rounding_is_symmetric(amount, currency):
    assert quantize(-amount, currency) == -quantize(amount, currency)


def test_total_of_nothing_is_zero_in_the_currency():
    assert str(total([], "EUR")) == "0.00"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "EUR", "EUR 1,234.50"),
        ("1234.5678", "EUR", "EUR 1,234.5678"),
        ("100", "JPY", "JPY 100"),
        ("1E+3", "EUR", "EUR 1,000.00"),
        ("5", "???", "??? 5.00"),
    ],
)
def test_people_see_currency_and_all_digits(amount, currency, text):
    assert display(Decimal(amount), currency) == text


def test_people_see_a_dash_where_no_amount_is_known():
    assert display(None, "EUR") == "–"
