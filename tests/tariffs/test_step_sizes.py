"""Rounding volumes up to steps, beyond the worked examples."""

from decimal import Decimal

import pytest

from tests.tariffs.messages import Session, component, element, euro, flat_tariff, tariff


@pytest.mark.parametrize("step", [0, 1])
def test_step_of_zero_or_one_does_no_harm(step: int) -> None:
    terms = flat_tariff(component("ENERGY", "0.25", step=step), component("TIME", "3", step=step))
    assert Session().charge(60, "10.123").price(terms).total == euro("5.5308")


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_missing_step_is_one_watt_hour_or_one_second(version: str) -> None:
    parts = [component("ENERGY", "100"), component("TIME", "3600")]
    for part in parts:
        del part["step_size"]
    session = Session().charge(60, "1.00001").period(60, TIME="0.0002", ENERGY="0.00001")
    priced = session.price(flat_tariff(*parts, tax_included="NO"), version=version)
    billed = [(line.dimension, line.billed_volume) for line in priced.lines]
    assert billed[0:2] == [("ENERGY", Decimal("1.00001")), ("TIME", 3600)]
    assert billed[2:4] == [("ENERGY", Decimal("0.00099")), ("TIME", 1)]


def test_hours_with_four_decimals_are_whole_seconds() -> None:
    terms = flat_tariff(component("TIME", "6", step=600))
    session = Session()
    for _ in range(6):
        session.charge(10)
    assert session.price(terms).total == euro("6")
    assert session.price(terms).lines[-1].billed_volume == 600


def test_time_that_the_timestamps_do_not_confirm_goes_to_the_nearest_second_in_total() -> None:
    terms = flat_tariff(component("TIME", "6", step=600))
    session = Session().period(30, TIME="0.1667")
    assert session.price(terms).total == euro("1")


def test_surplus_is_priced_at_the_last_component() -> None:
    terms = tariff(
        element(component("ENERGY", "0.10", step=1000), max_kwh=5),
        element(component("ENERGY", "1.00", step=1000)),
    )
    priced = Session().charge(30, "5.2").charge(30, "0.3").price(terms)
    assert [line.billed_volume for line in priced.lines if line.component] == [
        priced.lines[0].volume,
        priced.lines[2].volume + 6 - priced.lines[0].volume - priced.lines[2].volume,
    ]
    assert priced.total == euro("1.32")


def test_charging_after_parking_takes_the_step_of_charging() -> None:
    terms = flat_tariff(component("TIME", "6", step=600), component("PARKING_TIME", "12", step=600))
    assert Session().charge(5).park(5).charge(6).price(terms).total == euro("3")


def test_free_parking_is_no_last_component() -> None:
    terms = flat_tariff(
        component("TIME", "6", step=600), component("PARKING_TIME", "0.00", step=3600)
    )
    assert Session().charge(15).park(5).price(terms).total == euro("2")


def test_energy_and_time_are_rounded_independently() -> None:
    terms = flat_tariff(component("ENERGY", "1", step=1000), component("TIME", "6", step=600))
    assert Session().charge(15, "1.5").price(terms).total == euro("4")


def test_reservation_rounds_its_own_time() -> None:
    terms = tariff(
        element(component("TIME", "6", step=600), reservation="RESERVATION"),
        element(component("TIME", "12", step=300)),
    )
    assert Session().reserve(15).charge(7).price(terms).total == euro("4")


def test_step_is_not_applied_when_the_session_switches_tariffs() -> None:
    first = flat_tariff(component("ENERGY", "1", step=1000))
    second = {**flat_tariff(component("ENERGY", "2", step=1000)), "id": "13"}
    session = Session(tariffs=[first, second])
    session.charge(30, "1.5").period(30, ENERGY="0.7")
    session.periods[0]["tariff_id"], session.periods[1]["tariff_id"] = "12", "13"
    priced = session.price(None)
    assert priced.total == euro("2.9")
    assert "STEP_SIZE_SWITCHED_TARIFF" in priced.codes


def test_flat_fee_is_charged_once_however_many_periods() -> None:
    terms = flat_tariff(component("FLAT", "1", step=0))
    assert Session().charge(30).charge(30).charge(30).price(terms).total == euro("1")


def test_negative_energy_is_not_rounded_up() -> None:
    terms = flat_tariff(component("ENERGY", "1", step=1000))
    assert Session().charge(30, "-1.5").price(terms).total == euro("-1.5")


def test_session_time_prices_charging_and_parking_together() -> None:
    terms = flat_tariff(component("SESSION_TIME", "6", step=600))
    priced = Session().charge(15).park(6).price(terms, version="2.1.1")
    assert priced.total.excl_vat == euro("3")[0]
    assert priced.parts["total_time_cost"] == (euro("3")[0], None)
