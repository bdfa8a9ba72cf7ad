"""min_price and max_price, each side on its own."""

import pytest

from tests.tariffs.messages import Json, Session, component, euro, flat_tariff

ENERGY = component("ENERGY", "1.00", vat="20")


@pytest.mark.parametrize(
    ("limits", "kwh", "expected"),
    [
        ({"max_price": {"excl_vat": 10}}, 20, euro("10", "24")),
        ({"max_price": {"excl_vat": 100, "incl_vat": 11}}, 20, euro("20", "11")),
        ({"min_price": {"excl_vat": 5}}, 1, euro("5", "5")),
        ({"min_price": {"excl_vat": 5}}, "4.5", euro("5", "5.4")),
        ({"min_price": {"excl_vat": 5, "incl_vat": 6}}, "4.5", euro("5", "6")),
        ({"min_price": {"excl_vat": 5, "incl_vat": 6}}, 10, euro("10", "12")),
        ({"min_price": {"excl_vat": 9}, "max_price": {"excl_vat": 8}}, 5, euro("8", "9")),
    ],
)
def test_limits_act_on_each_side_alone(limits: Json, kwh: object, expected: tuple) -> None:
    assert Session().charge(60, kwh).price(flat_tariff(ENERGY, **limits)).total == expected


def test_limit_on_one_side_holds_for_both_where_no_vat_applies() -> None:
    terms = flat_tariff(component("ENERGY", "1.00"), max_price={"excl_vat": 10})
    assert Session().charge(60, 20).price(terms).total == euro("10")


def test_limit_has_a_line_of_its_own_so_that_lines_add_up() -> None:
    terms = flat_tariff(ENERGY, max_price={"excl_vat": 10, "incl_vat": 12})
    priced = Session().charge(60, 20).price(terms)
    assert [line.dimension for line in priced.lines] == ["ENERGY", "TIME", "LIMIT"]
    assert sum(line.excl_vat for line in priced.lines) == 10
    assert "MAX_PRICE_APPLIED" in priced.codes


def test_limits_of_2_1_1_are_ignored_and_told() -> None:
    terms = flat_tariff(component("ENERGY", "1.00"), max_price={"excl_vat": 10})
    priced = Session().charge(60, 20).price(terms, version="2.1.1")
    assert priced.total == (euro("20")[0], None)
    assert "LIMIT_IGNORED" in priced.codes


def test_limit_including_tax_bounds_a_price_whose_net_side_is_unknown() -> None:
    terms = flat_tariff(
        component("ENERGY", "1.00"),
        tax_included="YES",
        max_price={"before_taxes": 9, "after_taxes": 10},
    )
    assert Session().charge(60, 20).price(terms, version="2.3.0").total == (None, euro("10")[0])


@pytest.mark.parametrize(
    ("tax_included", "limit", "expected"),
    [
        ("YES", {"min_price": {"before_taxes": 25}}, (None, euro("25")[0])),
        ("YES", {"min_price": {"before_taxes": 25, "after_taxes": 30}}, (None, euro("30")[0])),
        ("NO", {"max_price": {"after_taxes": 10}}, (euro("10")[0], None)),
        ("NO", {"max_price": {"before_taxes": 9, "after_taxes": 10}}, (euro("9")[0], None)),
    ],
)
def test_limit_on_the_unknown_side_bounds_the_known_one_as_far_as_it_can(
    tax_included: str, limit: Json, expected: tuple
) -> None:
    terms = flat_tariff(component("ENERGY", "1.00"), tax_included=tax_included, **limit)
    priced = Session().charge(60, 20).price(terms, version="2.3.0")
    assert priced.total == expected
    assert "LIMIT_NOT_JUDGED" not in priced.codes


@pytest.mark.parametrize(
    ("tax_included", "limit"),
    [("YES", {"max_price": {"before_taxes": 10}}), ("NO", {"min_price": {"after_taxes": 30}})],
)
def test_limit_that_nothing_known_can_be_held_against_is_told(
    tax_included: str, limit: Json
) -> None:
    terms = flat_tariff(component("ENERGY", "1.00"), tax_included=tax_included, **limit)
    priced = Session().charge(60, 20).price(terms, version="2.3.0")
    assert euro("20")[0] in priced.total
    assert "LIMIT_NOT_JUDGED" in priced.codes
