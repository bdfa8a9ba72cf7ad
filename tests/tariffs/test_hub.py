"""What the Gireve hub adds to OCPI 2.1.1."""

from decimal import Decimal

import pytest

from tests.tariffs.messages import Json, Session, component, element, flat_tariff, tariff


def rounding(granularity: str, rule: str) -> Json:
    return {"round_granularity": granularity, "round_rule": rule}


@pytest.mark.parametrize(
    ("granularity", "rule", "expected"),
    [
        ("UNIT", "ROUND_UP", "6"),
        ("UNIT", "ROUND_DOWN", "5"),
        ("UNIT", "ROUND_NEAR", "5"),
        ("TENTH", "ROUND_UP", "5.2"),
        ("TENTH", "ROUND_NEAR", "5.1"),
        ("HUNDREDTH", "ROUND_UP", "5.12"),
        ("HUNDRETH", "ROUND_UP", "5.12"),
        ("HUNDREDTH", "ROUND_DOWN", "5.11"),
        ("THOUSANDTH", "ROUND_NEAR", "5.113"),
    ],
)
def test_price_round_rounds_the_cost_of_an_element(
    granularity: str, rule: str, expected: str
) -> None:
    part = component("ENERGY", "0.25", price_round=rounding(granularity, rule))
    session = Session().charge(30, "10.45").charge(30, "10")
    priced = session.price(flat_tariff(part), version="2.1.1")
    assert priced.total == (Decimal(expected), None)
    assert sum(line.excl_vat for line in priced.lines if line.component) == Decimal(expected)


def test_price_round_acts_on_each_element_alone() -> None:
    rounded = {"price_round": rounding("UNIT", "ROUND_UP")}
    terms = tariff(
        element(component("ENERGY", "0.1", **rounded), max_kwh=5),
        element(component("ENERGY", "0.2", **rounded)),
    )
    priced = Session().charge(30, 6).charge(30, 6).price(terms, version="2.1.1")
    assert priced.total.excl_vat == 3


@pytest.mark.parametrize(
    ("rule", "expected"), [("ROUND_UP", "2"), ("ROUND_DOWN", "1"), ("ROUND_NEAR", "1")]
)
def test_step_round_says_how_steps_are_rounded(rule: str, expected: str) -> None:
    part = component("TIME", "4", step=900, step_round=rounding("UNIT", rule))
    priced = Session().charge(20).price(flat_tariff(part), version="2.1.1")
    assert priced.total.excl_vat == Decimal(expected)


def test_unknown_rounding_is_ignored_and_told() -> None:
    part = component("ENERGY", "0.25", price_round=rounding("DOZEN", "ROUND_UP"))
    priced = Session().charge(60, "20.5").price(flat_tariff(part), version="2.1.1")
    assert priced.total.excl_vat == Decimal("5.125")
    assert "ROUNDING_UNKNOWN" in priced.codes


def test_approximate_component_is_told() -> None:
    part = component("ENERGY", "0.25", exact_price_component=False)
    priced = Session().charge(60, 20).price(flat_tariff(part), version="2.1.1")
    assert "PRICE_APPROXIMATE" in priced.codes


def test_remark_says_who_computed_the_cost() -> None:
    terms = flat_tariff(component("ENERGY", "0.25"))
    by_hub = Session(remark="[*] by Gireve", total_cost=5).charge(60, 20)
    assert "SENT_BY_HUB" in by_hub.price(terms, version="2.1.1").codes
    assert by_hub.price(terms, version="2.1.1").difference == (0, None)


def test_cost_that_is_not_significant_is_not_compared() -> None:
    session = Session(remark="[?]", total_cost=0).charge(60, 20)
    priced = session.price(flat_tariff(component("ENERGY", "0.25")), version="2.1.1")
    assert priced.total.excl_vat == 5
    assert priced.difference is None
    assert "SENT_NOT_SIGNIFICANT" in priced.codes


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2024-03-13T09:00:00Z", 20),
        ("2024-03-13T15:00:00Z", 20),
        ("2024-03-13T13:00:00Z", 5),
        ("2024-03-16T09:00:00Z", 5),
    ],
)
def test_tariff_restricted_to_start_times_has_priority_when_they_hold(
    start: str, expected: int
) -> None:
    slots = {
        "start_time": "08:00",
        "end_time": "12:00",
        "start_time_2": "14:00",
        "end_time_2": "18:00",
        "day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    }
    plain = flat_tariff(component("ENERGY", "0.25"))
    restricted = {**flat_tariff(component("ENERGY", "1"), restriction=slots), "id": "A"}
    session = Session(start, tariffs=[plain, restricted]).charge(60, 20)
    assert session.price(None, version="2.1.1").total.excl_vat == expected
