"""When an element applies: bounds, midnight, wrap-around and both daylight-saving changes."""

from decimal import Decimal

import pytest

from tests.tariffs.messages import Json, Session, component, element, euro, tariff

CHEAP, DEAR = component("ENERGY", "0.10"), component("ENERGY", "0.50")
AMSTERDAM = "Europe/Amsterdam"


def cheap_when(**restrictions: object) -> Json:
    return tariff(element(CHEAP, **restrictions), element(DEAR))


def is_cheap(session: Session, *, zone: str = "UTC", **restrictions: object) -> bool:
    """Whether the last period of 1 kWh is priced by the restricted element."""
    priced = session.price(cheap_when(**restrictions), zone=zone)
    last = [line for line in priced.lines if line.dimension == "ENERGY"][-1]
    return last.component is not None and last.component.element == 1


@pytest.mark.parametrize(
    ("start", "restrictions", "expected"),
    [
        ("2024-03-13T08:59:59Z", {"start_time": "09:00"}, False),
        ("2024-03-13T09:00:00Z", {"start_time": "09:00"}, True),
        ("2024-03-13T16:59:59Z", {"end_time": "17:00"}, True),
        ("2024-03-13T17:00:00Z", {"end_time": "17:00"}, False),
        ("2024-03-13T23:59:59Z", {"start_time": "20:00", "end_time": "00:00"}, True),
        ("2024-03-13T00:00:00Z", {"start_time": "20:00", "end_time": "00:00"}, False),
        ("2024-03-13T12:00:00Z", {"start_time": "00:00", "end_time": "00:00"}, True),
        ("2024-03-13T22:00:00Z", {"start_time": "22:00", "end_time": "06:00"}, True),
        ("2024-03-13T05:59:59Z", {"start_time": "22:00", "end_time": "06:00"}, True),
        ("2024-03-13T06:00:00Z", {"start_time": "22:00", "end_time": "06:00"}, False),
        ("2024-03-13T21:59:59Z", {"start_time": "22:00", "end_time": "06:00"}, False),
        ("2024-03-13T23:59:59Z", {"start_time": "22:00", "end_time": "24:00"}, True),
        ("2024-03-13T12:00:00Z", {"start_date": "2024-03-13"}, True),
        ("2024-03-12T23:59:59Z", {"start_date": "2024-03-13"}, False),
        ("2024-03-12T23:59:59Z", {"end_date": "2024-03-13"}, True),
        ("2024-03-13T00:00:00Z", {"end_date": "2024-03-13"}, False),
        ("2024-03-13T12:00:00Z", {"day_of_week": ["WEDNESDAY"]}, True),
        ("2024-03-13T12:00:00Z", {"day_of_week": ["TUESDAY", "THURSDAY"]}, False),
        ("2024-03-13T12:00:00Z", {"day_of_week": []}, True),
    ],
)
def test_clock_and_calendar_are_judged_at_the_start_of_the_period(
    start: str, restrictions: Json, expected: bool
) -> None:
    assert is_cheap(Session(start).charge(30, 1), **restrictions) is expected


@pytest.mark.parametrize(
    ("start", "restrictions", "expected"),
    [
        ("2024-03-12T23:30:00Z", {"day_of_week": ["WEDNESDAY"]}, True),
        ("2024-03-12T22:30:00Z", {"day_of_week": ["WEDNESDAY"]}, False),
        ("2024-03-12T23:00:00Z", {"start_date": "2024-03-13"}, True),
        ("2024-07-10T05:00:00Z", {"start_time": "07:00", "end_time": "08:00"}, True),
        ("2024-01-10T06:00:00Z", {"start_time": "07:00", "end_time": "08:00"}, True),
        # 2024-03-31: 02:00 CET becomes 03:00 CEST at 01:00 UTC.
        ("2024-03-31T00:59:59Z", {"start_time": "01:00", "end_time": "02:00"}, True),
        ("2024-03-31T01:00:00Z", {"start_time": "02:00", "end_time": "03:00"}, False),
        ("2024-03-31T01:00:00Z", {"start_time": "03:00", "end_time": "04:00"}, True),
        # 2024-10-27: 03:00 CEST becomes 02:00 CET at 01:00 UTC; 02:30 comes twice.
        ("2024-10-27T00:30:00Z", {"start_time": "02:00", "end_time": "03:00"}, True),
        ("2024-10-27T01:30:00Z", {"start_time": "02:00", "end_time": "03:00"}, True),
        ("2024-10-27T02:00:00Z", {"start_time": "02:00", "end_time": "03:00"}, False),
    ],
)
def test_local_time_of_the_station_counts_across_daylight_saving(
    start: str, restrictions: Json, expected: bool
) -> None:
    session = Session(start).charge(30, 1)
    assert is_cheap(session, zone=AMSTERDAM, **restrictions) is expected


def test_duration_across_a_clock_change_counts_real_seconds() -> None:
    session = Session("2024-03-31T00:30:00Z").charge(60, 1).charge(30, 1)
    assert is_cheap(session, zone=AMSTERDAM, min_duration="3600", max_duration="3601")


@pytest.mark.parametrize(
    ("before", "restrictions", "expected"),
    [
        ("20", {"min_kwh": "20"}, True),
        ("19.9999", {"min_kwh": "20"}, False),
        ("20", {"max_kwh": "20"}, False),
        ("19.9999", {"max_kwh": "20"}, True),
    ],
)
def test_energy_before_the_period_counts(before: str, restrictions: Json, expected: bool) -> None:
    assert is_cheap(Session().charge(60, before).charge(30, 1), **restrictions) is expected


@pytest.mark.parametrize(
    ("minutes", "restrictions", "expected"),
    [
        (30, {"min_duration": 1800}, True),
        (29, {"min_duration": 1800}, False),
        (30, {"max_duration": 1800}, False),
        (29, {"max_duration": 1800}, True),
    ],
)
def test_duration_before_the_period_counts(
    minutes: int, restrictions: Json, expected: bool
) -> None:
    assert is_cheap(Session().charge(minutes, 1).charge(30, 1), **restrictions) is expected


@pytest.mark.parametrize("quantity", ["POWER", "CURRENT"])
def test_min_restriction_compares_the_min_dimension_and_max_the_max_one(quantity: str) -> None:
    session = Session().charge(30, 1, **{f"MIN_{quantity}": 10, f"MAX_{quantity}": 40})
    name = quantity.lower()
    assert is_cheap(session, **{f"min_{name}": "10"})
    assert not is_cheap(session, **{f"min_{name}": "10.1"})
    assert is_cheap(session, **{f"max_{name}": "40.1"})
    assert not is_cheap(session, **{f"max_{name}": "40"})


def test_other_bound_stands_in_for_a_missing_dimension_and_the_explanation_says_so() -> None:
    session = Session().charge(30, 1, MAX_POWER=40)
    assert is_cheap(session, min_power="40")
    assert "DIMENSION_ESTIMATED" in session.price(cheap_when(min_power="40")).codes


def test_average_power_stands_in_when_the_period_names_none() -> None:
    session = Session().charge(30, 11)
    assert is_cheap(session, min_power="22")
    assert not is_cheap(session, max_power="22")


def test_current_that_nothing_tells_does_not_hold() -> None:
    session = Session().charge(30, 1)
    assert not is_cheap(session, min_current="0")
    assert not is_cheap(session, max_current="1000")


def test_all_restrictions_of_an_element_must_hold_together() -> None:
    session = Session("2024-03-13T12:00:00Z").charge(30, 1)
    assert is_cheap(session, start_time="11:00", day_of_week=["WEDNESDAY"])
    assert not is_cheap(session, start_time="11:00", day_of_week=["MONDAY"])


def test_each_dimension_takes_the_first_element_that_has_it() -> None:
    terms = tariff(
        element(component("TIME", "3.00"), max_duration=60),
        element(component("ENERGY", "0.40")),
        element(component("TIME", "1.00"), component("ENERGY", "9.00")),
    )
    priced = Session().charge(1, 0).charge(60, 10).price(terms)
    assert [line.component and line.component.element for line in priced.lines] == [1, 2, 3]
    assert priced.total == euro("5.05")


def test_dimension_without_a_component_is_free_and_the_line_says_so() -> None:
    priced = Session().charge(60, 10).park(60).price(tariff(element(component("ENERGY", "0.40"))))
    free = [line for line in priced.lines if line.component is None]
    assert [line.dimension for line in free] == ["TIME", "PARKING_TIME"]
    assert all("free" in line.why and line.excl_vat == 0 for line in free)
    assert priced.total == euro("4")


def test_line_says_which_restrictions_held() -> None:
    terms = cheap_when(start_time="09:00", end_time="17:00", day_of_week=["MONDAY", "TUESDAY"])
    line = Session("2024-03-11T10:00:00Z").charge(60, 10).price(terms).lines[0]
    assert line.why == "element 1: Monday and Tuesday, 09:00 to 17:00 local time"


def test_unknown_restriction_never_holds_and_is_told() -> None:
    priced = Session().charge(60, 10).price(cheap_when(max_moon_phase=Decimal("0.5")))
    assert priced.total == euro("5")
    assert "RESTRICTION_UNKNOWN" in priced.codes
