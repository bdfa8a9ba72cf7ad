"""Months as they are written, and what belongs to them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.numbering import format_number
from apps.billing.periods import Period, PeriodUnreadable


def test_month_runs_up_to_the_first_day_of_the_next():
    assert Period.of_month("2018-12") == Period(date(2018, 12, 1), date(2019, 1, 1))
    assert Period.of_month("2020-02").last_day == date(2020, 2, 29)
    assert str(Period.of_month("2018-08")) == "2018-08"


@pytest.mark.parametrize("text", ["2018", "2018-13", "18-08", "2018-8", "august", "", "0000-01"])
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(PeriodUnreadable, match="2018-08"):
        Period.of_month(text)


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9999, 11, 30)))
def test_every_day_is_in_its_month_and_not_in_the_next(day):
    period = Period.containing(day)
    assert period.start <= day < period.end
    assert not period.is_over_on(day)
    assert period.is_over_on(period.end)


def test_number_names_seller_year_and_place():
    assert format_number(prefix="AMP", year=2018, sequence=42) == "AMP-2018-00042"
    assert format_number(prefix="AMP", year=2018, sequence=123456) == "AMP-2018-123456"
    with pytest.raises(ValueError, match="begin with 1"):
        format_number(prefix="AMP", year=2018, sequence=0)
