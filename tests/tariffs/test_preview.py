"""What imagined sessions cost, and the picture of a week."""

from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree

from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.picture import draw_week, week_of_prices
from apps.tariffs.preview import EXAMPLES, Imagined, move_into_validity, price_imagined
from tests.tariffs.messages import Json, component, element, flat_tariff, tariff

DAY_AND_NIGHT = tariff(
    element(
        component("ENERGY", "0.50", vat="20"),
        start_time="07:00",
        end_time="19:00",
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    ),
    element(component("ENERGY", "0.25", vat="20")),
)


def prepared(terms: Json, version: str = "2.2.1"):
    return prepare_tariff(terms, version=version)


def test_weekday_evening_is_priced_to_the_minute() -> None:
    evening = EXAMPLES[0]
    assert evening.name == "30 kWh on a weekday evening, 2 h, 50 kW"
    priced = price_imagined(prepared(DAY_AND_NIGHT), evening)
    assert priced.total == (Decimal("11.25"), Decimal("13.5"))


def test_energy_that_does_not_divide_by_minutes_adds_up() -> None:
    session = Imagined(
        name="x", start=datetime(2026, 4, 15, 9, tzinfo=UTC), charging_minutes=30, kwh=Decimal(50),
        kw=Decimal(100),
    )  # fmt: skip
    terms = flat_tariff(component("ENERGY", "1", step=1))
    assert price_imagined(prepared(terms), session).total.excl_vat == 50


def test_parking_reservation_and_power_are_seen() -> None:
    terms = tariff(
        element(component("TIME", "4"), reservation="RESERVATION"),
        element(component("ENERGY", "1"), min_power=22),
        element(component("PARKING_TIME", "6")),
    )
    session = Imagined(
        name="x", start=datetime(2026, 4, 15, 9, tzinfo=UTC), charging_minutes=60, kwh=Decimal(20),
        kw=Decimal(22), parking_minutes=30, reserved_minutes=15,
    )  # fmt: skip
    assert price_imagined(prepared(terms), session).total.excl_vat == 24


def test_week_knows_days_and_hours() -> None:
    week = week_of_prices(prepared(DAY_AND_NIGHT), kw=Decimal(10))
    assert week[0][6:8] == [Decimal("3.00"), Decimal("6.00")]
    assert week[4][18:20] == [Decimal("6.00"), Decimal("3.00")]
    assert set(week[5]) == {Decimal("3.00")}


def test_picture_is_svg_with_a_title_and_each_amount() -> None:
    root = ElementTree.fromstring(draw_week(prepared(DAY_AND_NIGHT)))
    texts = [node.text or "" for node in root.iter() if node.text]
    assert root.get("role") == "img"
    assert any("One hour of charging at 11 kW" in text for text in texts)
    # Each weekday is cheap, dear, cheap; both days of the weekend are cheap all day.
    assert texts.count("3.30") == 5 * 2 + 2
    assert texts.count("6.60") == 5
    assert "Mon 07:00 to 19:00: 6.60" in texts


def test_currency_of_a_tariff_can_not_break_the_picture() -> None:
    terms = {**flat_tariff(component("ENERGY", "1")), "currency": "<b>"}
    ElementTree.fromstring(draw_week(prepared(terms)))


def test_tariff_of_2_1_1_is_shown_without_vat() -> None:
    priced = price_imagined(prepared(DAY_AND_NIGHT, "2.1.1"), EXAMPLES[0])
    assert priced.total.incl_vat is None


def test_session_is_priced_in_a_week_in_which_the_tariff_is_valid() -> None:
    session = EXAMPLES[0]
    terms = tariff(
        element(component("ENERGY", "2"), start_date="2027-01-01"),
        element(component("ENERGY", "1")),
        start_date_time="2027-03-03T00:00:00Z",
    )
    moved = move_into_validity(session, prepared(terms))
    assert moved.start == datetime(2027, 3, 3, 18, tzinfo=UTC)
    assert moved.start.weekday() == session.start.weekday()
    assert price_imagined(prepared(terms), session).total.excl_vat == 60
    ended = {**terms, "start_date_time": None, "end_date_time": "2025-12-31T18:00:00Z"}
    assert move_into_validity(session, prepared(ended)).start == datetime(
        2025, 12, 24, 18, tzinfo=UTC
    )
    assert price_imagined(prepared(ended), session).total.excl_vat == 30


def test_tariff_that_is_never_valid_at_that_time_says_so() -> None:
    for start, end in (
        ("2027-03-04T00:00:00Z", "2027-03-05T00:00:00Z"),
        ("9999-12-31T00:00:00Z", None),
    ):
        terms = {
            **flat_tariff(component("ENERGY", "1")), "start_date_time": start,
            "end_date_time": end,
        }  # fmt: skip
        assert move_into_validity(EXAMPLES[0], prepared(terms)) == EXAMPLES[0]
        priced = price_imagined(prepared(terms), EXAMPLES[0])
        assert "TARIFF_NOT_VALID" in {note.code for note in priced.notes}
