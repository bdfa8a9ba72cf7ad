"""The sums of an invoice, as EN 16931 has them."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.billing.totals import total_up
from apps.core.money import minor_unit


@dataclass(frozen=True)
class Line:
    net_amount: Decimal
    vat_category: str = "S"
    vat_rate: Decimal = Decimal(21)


def lines(*amounts: str, **fields: object) -> list[Line]:
    return [Line(Decimal(amount), **fields) for amount in amounts]


def test_vat_is_computed_once_on_the_sum():
    # Three times 0.02 at 21 %: per line 0.00 each, on the sum 0.0126.
    totals = total_up(lines("0.02", "0.02", "0.02"), currency="EUR")
    assert (totals.net, totals.vat, totals.gross) == (
        Decimal("0.06"), Decimal("0.01"), Decimal("0.07"))  # fmt: skip


def test_each_rate_and_category_has_its_own_sum():
    reduced = lines("100", vat_rate=Decimal(9))
    reversed_ = lines("50", vat_category="AE", vat_rate=Decimal(0))
    totals = total_up([*lines("10", "20"), *reduced, *reversed_], currency="EUR")
    assert {(row.category, row.rate): (row.net, row.vat) for row in totals.per_rate} == {
        ("S", Decimal(21)): (Decimal("30.00"), Decimal("6.30")),
        ("S", Decimal(9)): (Decimal("100.00"), Decimal("9.00")),
        ("AE", Decimal(0)): (Decimal("50.00"), Decimal("0.00")),
    }
    assert totals.gross == Decimal("195.30")


def test_currencies_without_and_with_three_decimals_keep_their_minor_unit():
    assert total_up(lines("100"), currency="JPY").vat == Decimal(21)
    assert total_up(lines("1.115"), currency="TND").gross == Decimal("1.349")


def test_half_a_cent_goes_up():
    assert total_up(lines("0.50", vat_rate=Decimal(1)), currency="EUR").vat == Decimal("0.01")
    assert total_up(lines("-0.50", vat_rate=Decimal(1)), currency="EUR").vat == Decimal("-0.01")


def test_nothing_comes_to_nothing():
    totals = total_up([], currency="EUR")
    assert (totals.net, totals.vat, totals.gross, totals.per_rate) == (0, 0, 0, ())


RATES = st.sampled_from([Decimal(rate) for rate in ("0", "5.5", "6", "8.1", "19", "20", "25.5")])


@st.composite
def invoice_lines(draw):
    currency = draw(st.sampled_from(["EUR", "GBP", "JPY", "TND", "NOK"]))
    units = st.integers(min_value=-(10**6), max_value=10**8)
    amounts = draw(st.lists(st.tuples(units, RATES), max_size=60))
    return currency, [
        Line(units * minor_unit(currency), "S" if rate else "Z", rate) for units, rate in amounts
    ]


@given(invoice_lines())
def test_totals_add_up_for_any_lines(case):
    currency, rows = case
    totals = total_up(rows, currency=currency)
    assert totals.net == sum(row.net_amount for row in rows)
    assert totals.gross == totals.net + totals.vat
    assert totals.net == sum(row.net for row in totals.per_rate)
    assert totals.vat == sum(row.vat for row in totals.per_rate)
    for row in totals.per_rate:
        exact = sum(line.net_amount for line in rows if line.vat_rate == row.rate) * row.rate / 100
        assert row.vat == exact.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


@given(invoice_lines(), st.randoms())
def test_totals_do_not_depend_on_the_order_of_lines(case, random):
    currency, rows = case
    shuffled = list(rows)
    random.shuffle(shuffled)
    before, after = total_up(rows, currency=currency), total_up(shuffled, currency=currency)
    assert (before.net, before.vat, set(before.per_rate)) == (
        after.net, after.vat, set(after.per_rate))  # fmt: skip
