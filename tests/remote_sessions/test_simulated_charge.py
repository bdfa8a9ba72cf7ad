"""What a simulated charge draws, costs and plans under limits and what the driver prefers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.charge import Charge
from apps.remote_sessions.simulator.profile import Malformed, read_profile

START = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def charge() -> Charge:
    """360 kW: 0.1 kWh a second."""
    return Charge(
        id="S-1", token={}, authorization_reference=None, location=catalogue.LOCATIONS[0],
        evse="C1", connector_id="1", kwh_per_second=Decimal("0.1"), started_at=START,
    )  # fmt: skip


def profile(*steps: tuple[int, float], unit: str = "W", **more: Any) -> dict[str, Any]:
    periods = [{"start_period": start, "limit": limit} for start, limit in steps]
    return {"charging_rate_unit": unit, "charging_profile_period": periods, **more}


def limit(charge: Charge, moment: datetime, data: dict[str, Any]) -> None:
    charge.change(moment, profile=read_profile(data, charge_started_at=START))


def test_a_limit_holds_from_when_it_is_set(charge: Charge) -> None:
    limit(charge, at(100), profile((0, 36_000)))
    assert charge.kwh(at(200)) == Decimal("11.000")


def test_a_limit_above_what_the_car_takes_changes_nothing(charge: Charge) -> None:
    limit(charge, at(0), profile((0, 400_000)))
    assert charge.kwh(at(100)) == Decimal("10.000")


def test_a_profile_without_a_start_counts_from_the_start_of_the_charge(charge: Charge) -> None:
    limit(charge, at(100), profile((0, 0), duration=100))
    assert charge.kwh(at(200)) == Decimal("20.000")


def test_a_profile_with_a_start_ends_after_its_duration(charge: Charge) -> None:
    starts = "2026-11-10T09:01:40Z"
    limit(charge, at(100), profile((0, 0), start_date_time=starts, duration=50))
    assert charge.kwh(at(200)) == Decimal("15.000")


def test_steps_follow_each_other_and_ampere_count_at_the_voltage(charge: Charge) -> None:
    limit(charge, at(0), profile((100, 45), (0, 0), unit="A"))
    assert charge.kwh(at(200)) == Decimal("1.000")


def test_the_lower_of_local_limit_and_profile_counts(charge: Charge) -> None:
    charge.change(at(0), local_watt=Decimal(36_000))
    limit(charge, at(0), profile((0, 72_000)))
    assert charge.kwh(at(100)) == Decimal("1.000")


def test_the_active_profile_tells_each_change_ahead(charge: Charge) -> None:
    starts = "2026-11-10T09:00:00Z"
    limit(charge, at(0), profile((0, 11_000), (60, 22_000), start_date_time=starts, duration=120))
    told = charge.active_profile(at=at(30), seconds=300)
    assert told["start_date_time"] == "2026-11-10T09:00:30.000Z"
    assert told["charging_profile"]["charging_profile_period"] == [
        {"start_period": 0, "limit": 11_000.0}, {"start_period": 30, "limit": 22_000.0},
        {"start_period": 90, "limit": 400_000.0},
    ]  # fmt: skip


def test_without_a_profile_the_stations_most_is_told(charge: Charge) -> None:
    told = charge.active_profile(at=at(0), seconds=900)["charging_profile"]
    assert told["charging_profile_period"] == [{"start_period": 0, "limit": 400_000.0}]


def test_energy_after_a_preference_is_billed_by_its_tariff(charge: Charge) -> None:
    charge.change(at(100), tariff_id="SIM-FAST")
    charge.ended_at = at(200)
    cdr = charge.cdr()
    assert [(p["tariff_id"], p["dimensions"][0]["volume"]) for p in cdr["charging_periods"]] == [
        ("SIM-KWH", 10.0), ("SIM-FAST", 10.0),
    ]  # fmt: skip
    assert [each["id"] for each in cdr["tariffs"]] == ["SIM-KWH", "SIM-FAST"]
    assert cdr["total_cost"] == {"excl_vat": 8.0, "incl_vat": 9.68}
    assert cdr["total_energy"] == 20.0


@pytest.mark.parametrize(
    "data",
    [
        None, {}, {"charging_rate_unit": "V"}, profile((0, -1)), profile((0, float("nan"))),
        profile((0, 1), start_date_time="noon"), profile((0, 1), duration="long"),
        {"charging_rate_unit": "W", "charging_profile_period": [{}]},
    ],
)  # fmt: skip
def test_what_is_no_profile_is_refused(data: Any) -> None:
    with pytest.raises(Malformed):
        read_profile(data, charge_started_at=START)
