"""Tariffs in words for drivers."""

import pytest

from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.words import describe_prices
from tests.tariffs.messages import Json, component, element, flat_tariff, tariff


@pytest.mark.parametrize(
    ("terms", "phrases"),
    [
        (
            tariff(
                element(component("ENERGY", "0.50", vat="21"), start_time="07:00",
                        end_time="19:00"),
                element(component("ENERGY", "0.35", vat="21"), component("FLAT", "0.50", vat="21")),
            ),
            ["0.605 EUR per kWh, 07:00 to 19:00 local time", "0.4235 EUR per kWh",
             "0.605 EUR per session"],
        ),
        (
            tariff(
                element(component("TIME", "5"), reservation="RESERVATION"),
                element(component("FLAT", "4"), reservation="RESERVATION_EXPIRES"),
                element(component("ENERGY", "0"), component("PARKING_TIME", "2")),
            ),
            ["5.00 EUR per hour of reservation", "4.00 EUR per reservation that expires",
             "kWh: free", "2.00 EUR per hour of parking"],
        ),
        (
            flat_tariff(component("ENERGY", "1"), min_price={"excl_vat": 1, "incl_vat": "1.21"},
                        max_price={"excl_vat": 30}),
            ["1.00 EUR per kWh", "at least 1.21 EUR per session",
             "at most 30.00 EUR per session excl. VAT"],
        ),
        (
            tariff(element(component("ENERGY", "1")), element(component("ENERGY", "9"))),
            ["1.00 EUR per kWh"],
        ),
    ],
)  # fmt: skip
def test_prices_that_apply_are_told(terms: Json, phrases: list[str]) -> None:
    assert describe_prices(prepare_tariff(terms, version="2.2.1")) == phrases


def test_prices_of_2_1_1_say_that_vat_is_not_in_them() -> None:
    terms = flat_tariff(component("TIME", "2"))
    told = describe_prices(prepare_tariff(terms, version="2.1.1"))
    assert told == ["2.00 EUR per hour of charging excl. VAT"]


def test_long_tariffs_are_cut() -> None:
    elements = [element(component("ENERGY", "1"), min_kwh=n) for n in range(40)]
    told = describe_prices(prepare_tariff(tariff(*elements), version="2.2.1"))
    assert len(told) == 13
    assert told[-1] == "and more"
