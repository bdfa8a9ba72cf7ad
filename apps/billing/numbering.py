"""The form of invoice numbers; who counts is the series (models/series.py)."""

from datetime import date

_DIGITS = 5


def format_number(*, prefix: str, year: int, sequence: int) -> str:
    """AMP-2018-00042: seller, year of issue, place in the series.

    Directive 2006/112/EC art. 226(2): sequential, in one or more series, identifies the invoice.
    """
    if sequence < 1:
        raise ValueError("Numbers of a series begin with 1.")
    return f"{prefix}-{year}-{sequence:0{_DIGITS}}"


def series_year(issue_date: date) -> int:
    """The year of the series that an invoice issued on that day is numbered in."""
    return issue_date.year
