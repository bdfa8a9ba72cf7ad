"""Which part of the total a cost belongs to (mod_cdrs, CDR object, total_*_cost)."""

from tests.tariffs.messages import Session, component, element, euro, tariff


def test_flat_fee_of_parking_is_a_cost_of_parking() -> None:
    terms = tariff(
        element(component("ENERGY", "0.25"), max_duration=3600),
        element(component("FLAT", "3"), component("PARKING_TIME", "6"), min_duration=3600),
    )
    parts = Session().charge(60, 20).park(30).price(terms).parts
    assert parts["total_parking_cost"] == euro("6")
    assert parts["total_fixed_cost"] is None
    assert parts["total_energy_cost"] == euro("5")


def test_flat_fee_due_at_the_start_of_charging_is_a_fixed_cost() -> None:
    terms = tariff(
        element(component("FLAT", "3"), component("PARKING_TIME", "6")),
        element(component("ENERGY", "0.25")),
    )
    parts = Session().charge(60, 20).park(30).price(terms).parts
    assert parts["total_fixed_cost"] == euro("3")
    assert parts["total_parking_cost"] == euro("3")


def test_flat_fee_of_a_reservation_is_a_cost_of_the_reservation() -> None:
    terms = tariff(
        element(component("FLAT", "2"), component("TIME", "6"), reservation="RESERVATION"),
        element(component("FLAT", "1"), component("ENERGY", "0.25")),
    )
    parts = Session().reserve(10).charge(60, 20).price(terms).parts
    assert parts["total_reservation_cost"] == euro("3")
    assert parts["total_fixed_cost"] == euro("1")
