"""Amounts: rounded once, in the minor unit of the currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import UnknownCurrency, quantize
from apps.vat.amounts import VatLine, total_vat, vat_on
from apps.vat.rules import Category

AMOUNTS = st.decimals(-10_000, 10_000, places=5)


@pytest.mark.parametrize(
    ("net", "rate", "currency", "vat"),
    [
        ("10.00", "19", "EUR", "1.90"),
        ("0.50", "21", "EUR", "0.11"),
        ("0.50", "25.5", "EUR", "0.13"),
        ("-0.50", "25", "EUR", "-0.13"),
        ("105", "10", "JPY", "11"),
        ("104", "10", "JPY", "10"),
        ("10.005", "19", "TND", "1.901"),
    ],
)
def test_vat_is_rounded_half_up_to_the_minor_unit(
    net: str, rate: str, currency: str, vat: str
) -> None:
    assert vat_on(Decimal(net), Decimal(rate), currency) == Decimal(vat)


def test_vat_is_computed_once_per_category_and_rate() -> None:
    """Three lines of 0.33 at 21 %: 0.21 on the sum, not 3 times 0.07."""
    lines = [VatLine(Decimal("0.33"), Category.STANDARD, Decimal(21))] * 3
    lines += [VatLine(Decimal("1.005"), Category.REVERSE, Decimal(0))]
    standard, reverse = total_vat(lines, "EUR")
    assert (standard.net, standard.vat, standard.gross) == (
        Decimal("0.99"), Decimal("0.21"), Decimal("1.20"),
    )  # fmt: skip
    assert (reverse.net, reverse.vat) == (Decimal("1.01"), Decimal("0.00"))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        vat_on(Decimal(1), Decimal(1), "XXQ")


@given(nets=st.lists(AMOUNTS, max_size=20), currency=st.sampled_from(["EUR", "JPY", "TND"]))
def test_the_totals_hold_all_lines(nets: list[Decimal], currency: str) -> None:
    lines = [
        VatLine(net, Category.STANDARD, Decimal(rate))
        for net, rate in zip(nets, [19, 21] * 10, strict=False)
    ]
    totals = total_vat(lines, currency)
    assert sum(total.net for total in totals) == sum(quantize(net, currency) for net in nets)
    for total in totals:
        assert total.gross == total.net + total.vat
        assert total.gross == quantize(total.gross, currency)
