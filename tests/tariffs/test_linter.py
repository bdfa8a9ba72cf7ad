"""What is probably not meant in a tariff."""

import pytest

from apps.tariffs.linter import lint
from apps.tariffs.ocpi.tariffs import prepare_tariff
from tests.tariffs.messages import Json, component, element, flat_tariff, tariff

ENERGY = component("ENERGY", "0.25")
DAY = {"start_time": "08:00", "end_time": "18:00"}


def found(terms: Json) -> set[tuple[str, int]]:
    return {(each.code, each.element) for each in lint(prepare_tariff(terms, version="2.2.1"))}


def test_sound_tariff_has_no_findings() -> None:
    assert found(tariff(element(ENERGY, **DAY), element(ENERGY))) == set()


@pytest.mark.parametrize(
    ("terms", "finding"),
    [
        (tariff(element(ENERGY), element(ENERGY)), ("UNREACHABLE", 2)),
        (tariff(element(ENERGY), element(ENERGY, min_kwh=5)), ("UNREACHABLE", 2)),
        (
            tariff(element(ENERGY, **DAY), element(ENERGY, start_time="09:00", end_time="10:00"),
                   element(ENERGY)),
            ("UNREACHABLE", 2),
        ),
        (
            tariff(element(ENERGY, max_kwh=50), element(ENERGY, max_kwh=20), element(ENERGY)),
            ("UNREACHABLE", 2),
        ),
        (tariff(element(ENERGY, min_kwh=9, max_kwh=9), element(ENERGY)), ("NEVER_APPLIES", 1)),
        (tariff(element(ENERGY, start_time="09:00", end_time="09:00"), element(ENERGY)),
         ("NEVER_APPLIES", 1)),
        (tariff(element(ENERGY, start_date="2026-02-01", end_date="2026-01-01"), element(ENERGY)),
         ("NEVER_APPLIES", 1)),
        (tariff(element(ENERGY, **DAY)), ("NO_DEFAULT", 0)),
        (flat_tariff(ENERGY, min_price={"excl_vat": 9}, max_price={"excl_vat": 5}),
         ("LIMITS_CONTRADICT", 0)),
        (flat_tariff(component("ENERGY", "25")), ("PRICE_HIGH", 1)),
        (flat_tariff(component("TIME", "2", step=86_400)), ("STEP_LARGE", 1)),
        (flat_tariff(component("ENERGY", "0.25", vat="200")), ("VAT_ODD", 1)),
        (flat_tariff(component("SUNSHINE", "1")), ("NO_COMPONENTS", 0)),
        (flat_tariff(component("ENERGY", "-1")), ("PRICE_NEGATIVE", 0)),
        (flat_tariff(ENERGY, start_date_time="2026-02-01T00:00:00Z",
                     end_date_time="2026-01-01T00:00:00Z"), ("NEVER_VALID", 0)),
    ],
)  # fmt: skip
def test_oddity_is_found(terms: Json, finding: tuple[str, int]) -> None:
    assert finding in found(terms)


@pytest.mark.parametrize(
    "terms",
    [
        tariff(element(ENERGY, **DAY), element(ENERGY, start_time="17:00", end_time="20:00"),
               element(ENERGY)),
        tariff(element(ENERGY, max_kwh=20), element(ENERGY, max_kwh=50), element(ENERGY)),
        tariff(element(ENERGY, day_of_week=["MONDAY"]), element(ENERGY)),
        tariff(element(component("TIME", "1"), reservation="RESERVATION"),
               element(component("TIME", "2"))),
    ],
)  # fmt: skip
def test_reachable_elements_are_left_alone(terms: Json) -> None:
    assert not {code for code, _ in found(terms)} & {"UNREACHABLE"}


def test_huge_tariff_is_linted_in_a_moment() -> None:
    elements = [element(component("ENERGY", "9"), min_kwh=n, max_kwh=n) for n in range(5_000)]
    assert len(lint(prepare_tariff(tariff(*elements, element(ENERGY)), version="2.2.1"))) == 100
