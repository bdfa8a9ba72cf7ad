"""Amounts as the three versions write them.

2.1.1: a plain number, excluding VAT. 2.2.1: `Price` of excl_vat and incl_vat. 2.3.0: `Price` of
before_taxes and taxes[]; limits of before_taxes and after_taxes (types, Price; mod_tariffs,
PriceLimit). A message that uses another version's form is understood all the same.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.tariffs.ocpi.fields import (
    UnreadableField,
    read_list,
    read_mapping,
    read_number,
    read_optional_number,
)
from apps.tariffs.session import Price, make_price
from apps.tariffs.tariff import Limit


def read_price(value: object, name: str) -> Price | None:
    """A cost as sent, None when it is absent. Raises UnreadableField."""
    if value is None:
        return None
    if not isinstance(value, dict):
        return Price(read_number(value, name), None)
    try:
        if "before_taxes" in value:
            return _read_taxed_price(value)
        excl, incl = value.get("excl_vat"), value.get("incl_vat")
        return make_price(
            (
                None if excl is None else read_number(excl, "excl_vat"),
                None if incl is None else read_number(incl, "incl_vat"),
            )
        )
    except UnreadableField as error:
        raise error.inside(name) from None


def _read_taxed_price(value: Mapping[str, Any]) -> Price:
    """before_taxes with its taxes added; without a list of taxes the other side isn't known."""
    before = read_number(value["before_taxes"], "before_taxes")
    if value.get("taxes") is None:
        return Price(before, None)
    taxes = read_list(value["taxes"], "taxes")
    amounts = [read_mapping(tax, "taxes").get("amount") for tax in taxes]
    return Price(before, sum((read_number(each, "taxes.amount") for each in amounts), before))


def read_limit(value: object, name: str) -> Limit | None:
    """A min_price or max_price, None when it is absent. Raises UnreadableField."""
    if value is None:
        return None
    if not isinstance(value, dict):
        return Limit(read_number(value, name), None)
    sides = (("excl_vat", "before_taxes"), ("incl_vat", "after_taxes"))
    try:
        excl, incl = (_first_number(value, names) for names in sides)
    except UnreadableField as error:
        raise error.inside(name) from None
    return Limit(excl, incl)


def _first_number(value: Mapping[str, Any], names: tuple[str, str]) -> Decimal | None:
    for name in names:
        number = read_optional_number(value, name)
        if number is not None:
            return number
    return None
