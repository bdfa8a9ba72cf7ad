"""Odd CDRs and tariffs: a coded error, or a price with the assumption stated."""

from decimal import Decimal

import pytest

from apps.core.errors import DomainError
from apps.tariffs.choosing import UnknownTariff
from apps.tariffs.ocpi.cdrs import CdrTooLarge
from apps.tariffs.ocpi.fields import UnreadableField
from apps.tariffs.ocpi.tariffs import TariffTooLarge, prepare_tariff
from tests.tariffs.messages import Json, Session, component, element, euro, flat_tariff, tariff

ENERGY = component("ENERGY", "0.25")
HOURLY = component("TIME", "6", step=600)


def test_no_tariff_at_all_costs_nothing_and_says_so() -> None:
    priced = Session().charge(60, 20).price(None)
    assert priced.total == euro("0")
    assert "NO_TARIFF" in priced.codes


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"max_price": {"excl_vat": "much"}}, "tariff.max_price.excl_vat"),
        ({"min_price": {"after_taxes": []}}, "tariff.min_price.after_taxes"),
        ({"min_price": "little"}, "tariff.min_price"),
        ({"elements": [{"restrictions": {"min_kwh": "?"}}]},
         "tariff.elements[0].restrictions.min_kwh"),
        ({"elements": [{"restrictions": 7}]}, "tariff.elements[0].restrictions"),
        ({"elements": [{"price_components": [{"type": "FLAT"}]}]},
         "tariff.elements[0].price_components[0].price"),
    ],
)  # fmt: skip
def test_error_names_the_whole_path_to_the_field(broken: Json, path: str) -> None:
    with pytest.raises(UnreadableField) as caught:
        prepare_tariff({**flat_tariff(ENERGY), **broken}, version="2.2.1")
    assert caught.value.path == path


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+05:00"]
)
def test_a_placeholder_for_a_time_is_no_time_of_a_charge(time: str, zone: str) -> None:
    session = Session().charge(60, 20)
    session.periods[0]["start_date_time"] = time
    with pytest.raises(UnreadableField, match=r"charging_periods\[0\].start_date_time"):
        session.price(tariff(element(ENERGY, max_kwh=10)), zone=zone)


def test_a_tariff_without_an_end_may_end_with_the_calendar() -> None:
    forever = prepare_tariff(
        {**flat_tariff(ENERGY), "end_date_time": "9999-12-31T23:59:59Z"}, version="2.2.1"
    )
    assert forever.valid_until is not None
    with pytest.raises(UnreadableField, match="end_date_time"):
        prepare_tariff(
            {**flat_tariff(ENERGY), "end_date_time": "0001-01-01T00:00:00+05:00"}, version="2.2.1"
        )


@pytest.mark.parametrize("kind", [{}, [], 5, None, True])
def test_dimension_whose_type_is_no_text_is_ignored(kind: object) -> None:
    session = Session().charge(60, 20)
    session.periods[0]["dimensions"].append({"type": kind, "volume": 1})
    priced = session.price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert "CDR_DIMENSION_UNKNOWN" in priced.codes


def test_periods_out_of_order_are_sorted() -> None:
    session = Session().charge(30, 1).charge(30, 2).park(10)
    in_order = session.price(flat_tariff(ENERGY, HOURLY)).total
    session.periods.reverse()
    priced = session.price(flat_tariff(ENERGY, HOURLY))
    assert priced.total == in_order
    assert "PERIODS_OUT_OF_ORDER" in priced.codes


def test_period_that_overlaps_the_next_is_priced_as_sent() -> None:
    priced = Session().period(10, TIME="1").charge(30).price(flat_tariff(HOURLY))
    assert priced.total == euro("9")
    assert "PERIODS_OVERLAP" in priced.codes


def test_empty_period_costs_nothing() -> None:
    priced = Session().period(10).charge(60, 20).price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert "PERIOD_EMPTY" in priced.codes


def test_dimension_listed_twice_is_added_up() -> None:
    session = Session().charge(60, 12)
    session.periods[0]["dimensions"].append({"type": "ENERGY", "volume": 8})
    priced = session.price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert "CDR_DIMENSION_TWICE" in priced.codes


@pytest.mark.parametrize(
    ("told", "is_told"), [("20", False), ("20.01", False), ("20.0101", True), ("0", True)]
)
def test_total_energy_that_the_periods_do_not_add_up_to_is_told(told: str, is_told: bool) -> None:
    session = Session(total_energy=Decimal(told)).charge(30, 12).charge(30, 8).park(10)
    priced = session.price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert ("TOTAL_ENERGY_DIFFERS" in priced.codes) is is_told


def test_total_energy_is_not_missed_in_the_periods_of_a_tariff_by_time() -> None:
    priced = Session(total_energy="15.342").charge(20).price(flat_tariff(HOURLY))
    assert "TOTAL_ENERGY_DIFFERS" not in priced.codes


def test_volume_of_many_decimals_is_exact() -> None:
    volume = "1.123456789012345678901234"
    terms = flat_tariff(component("ENERGY", "1", step=0))
    line = Session().charge(60, volume).price(terms).lines[0]
    assert line.excl_vat == Decimal(volume)


def test_sum_of_thirds_is_exact() -> None:
    terms = flat_tariff(component("TIME", "1", step=0))
    session = Session()
    for _ in range(3):
        session.period(20, TIME="0.3333")
    assert sum(line.net for line in session.price(terms).lines) == 3600


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["AD_HOC_PAYMENT", "REGULAR"], "40"),
        (["AD_HOC_PAYMENT", "PROFILE_FAST"], "40"),
        (["PROFILE_CHEAP", None], "40"),
        (["REGULAR", "PROFILE_GREEN"], "20"),
        ([None, "REGULAR"], "20"),
    ],
)
def test_tariff_for_all_sessions_is_chosen_before_one_for_some(
    kinds: list[str | None], expected: str
) -> None:
    prices = ("1", "2")
    offered = [
        {**flat_tariff(component("ENERGY", price), type=kind), "id": price}
        for price, kind in zip(prices, kinds, strict=True)
    ]
    priced = Session(tariffs=offered).charge(60, 20).price(None)
    assert priced.total == euro(expected)
    assert "TARIFF_CHOSEN" in priced.codes


def test_tariff_for_ad_hoc_payment_is_not_chosen_though_it_alone_is_valid() -> None:
    ad_hoc = flat_tariff(component("ENERGY", "1"), type="AD_HOC_PAYMENT")
    ended = flat_tariff(component("ENERGY", "2"), end_date_time="2024-03-13T00:00:00Z")
    priced = Session(tariffs=[ad_hoc, {**ended, "id": "13"}]).charge(60, 20).price(None)
    assert priced.total == euro("40")
    assert "TARIFF_NOT_VALID" in priced.codes


def test_negative_price_lowers_the_total_and_is_told() -> None:
    terms = flat_tariff(ENERGY, component("FLAT", "-1"))
    priced = Session().charge(60, 20).price(terms)
    assert priced.total == euro("4")
    assert "PRICE_NEGATIVE" in priced.codes


def test_unknown_dimensions_are_ignored_and_told() -> None:
    terms = flat_tariff(ENERGY, component("SUNSHINE", "9"))
    priced = Session().charge(60, 20, WIND=3).price(terms)
    assert priced.total == euro("5")
    assert {"DIMENSION_UNKNOWN", "CDR_DIMENSION_UNKNOWN"} <= priced.codes


def test_contradicting_restrictions_never_hold() -> None:
    terms = tariff(element(component("ENERGY", "9"), min_kwh=5, max_kwh=2), element(ENERGY))
    assert Session().charge(60, 20).charge(5, 4).price(terms).total == euro("6")


@pytest.mark.parametrize("step", ["-5", "1.5"])
def test_odd_step_size_is_no_step(step: str) -> None:
    terms = flat_tariff({**ENERGY, "step_size": step})
    priced = Session().charge(60, "20.0001").price(terms)
    assert priced.total == euro("5")
    assert "STEP_SIZE_ODD" in priced.codes


@pytest.mark.parametrize("end", [None, "1970-1-1T00:00:00Z", "2024-03-13T08:00:00Z"])
def test_unknown_or_impossible_end_is_told(end: str | None) -> None:
    priced = Session(end_date_time=end).charge(60, 20).price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert priced.codes & {"END_UNKNOWN", "END_BEFORE_START"}


def test_unknown_start_is_that_of_the_first_period() -> None:
    terms = tariff(element(component("ENERGY", "1"), max_duration=60), element(ENERGY))
    session = Session(start_date_time="1970-01-01T00:00:00Z").charge(60, 20)
    assert session.price(terms).total == euro("20")


def test_tariffs_are_taken_by_the_id_of_each_period() -> None:
    day = flat_tariff(component("ENERGY", "1"))
    night = {**flat_tariff(component("ENERGY", "0.5")), "id": "Night"}
    session = Session(tariffs=[day, night])
    session.period(60, tariff_id="12", ENERGY=2).period(60, tariff_id="NIGHT", ENERGY=4)
    assert session.price(None).total == euro("4")


def test_period_without_a_tariff_id_is_free_when_others_have_one() -> None:
    session = Session(tariffs=[flat_tariff(component("ENERGY", "1"))])
    session.period(60, tariff_id="12", ENERGY=2).period(60, ENERGY=4)
    priced = session.price(None)
    assert priced.total == euro("2")
    assert "PERIOD_WITHOUT_TARIFF" in priced.codes
    assert priced.lines[-1].why == "no tariff is relevant in this period: free"


def test_unknown_tariff_id_among_several_tariffs_is_refused() -> None:
    session = Session(tariffs=[flat_tariff(ENERGY), {**flat_tariff(ENERGY), "id": "13"}])
    with pytest.raises(UnknownTariff, match="'14'"):
        session.period(60, tariff_id="14", ENERGY=2).price(None)


def test_only_tariff_is_used_even_under_another_id() -> None:
    priced = Session().period(60, tariff_id="99", ENERGY=20).price(flat_tariff(ENERGY))
    assert priced.total == euro("5")
    assert "TARIFF_ID_DIFFERS" in priced.codes


def test_valid_tariff_is_chosen_when_no_period_names_one() -> None:
    old = flat_tariff(component("ENERGY", "1"), end_date_time="2024-01-01T00:00:00Z")
    new = flat_tariff(component("ENERGY", "2"), start_date_time="2024-01-01T00:00:00Z")
    assert Session(tariffs=[old, new]).charge(60, 20).price(None).total == euro("40")


def test_expired_tariff_is_used_as_sent_and_told() -> None:
    terms = flat_tariff(ENERGY, end_date_time="2019-06-30T23:59:59Z")
    priced = Session().charge(60, 20).price(terms)
    assert priced.total == euro("5")
    assert "TARIFF_NOT_VALID" in priced.codes


def test_credit_cdr_is_the_negative_of_its_session() -> None:
    session = Session(credit=True, total_cost={"excl_vat": -5, "incl_vat": -5}).charge(60, 20)
    priced = session.price(flat_tariff(ENERGY))
    assert priced.total == euro("-5")
    assert priced.difference == euro("0")


def test_missing_currency_is_that_of_the_tariff() -> None:
    priced = Session(currency=None).charge(60, 20).price(flat_tariff(ENERGY))
    assert priced.currency == "EUR"
    assert "CURRENCY_OF_TARIFF" in priced.codes


def test_too_large_messages_are_refused() -> None:
    with pytest.raises(TariffTooLarge):
        prepare_tariff(tariff(*[element(ENERGY)] * 20_001), version="2.2.1")
    with pytest.raises(CdrTooLarge):
        Session(charging_periods=[{}] * 20_001).price(flat_tariff(ENERGY))


def test_flood_of_notes_is_capped() -> None:
    terms = tariff(*[element(component("ENERGY", "-1"), min_kwh=n) for n in range(500)])
    assert len(Session().charge(60, 20).price(terms).notes) < 60


WHERE = [
    ({"elements": [{"price_components": [{"type": "ENERGY", "price": "x"}]}]},
     "tariff.elements[0].price_components[0].price"),
    ({"elements": [{"restrictions": {"min_kwh": "x"}}]}, "tariff.elements[0].restrictions.min_kwh"),
    ({"elements": [5]}, "tariff.elements[0].element"),
    (5, "tariff"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "path"), WHERE)
def test_error_of_a_tariff_names_the_path(raw: Json, path: str) -> None:
    with pytest.raises(DomainError) as caught:
        prepare_tariff(raw, version="2.2.1")
    assert caught.value.details["path"] == path


def test_vat_in_a_2_1_1_tariff_is_ignored_and_told() -> None:
    priced = (
        Session()
        .charge(60, 20)
        .price(flat_tariff(component("ENERGY", "0.25", vat="10")), version="2.1.1")
    )
    assert priced.total == (Decimal(5), None)
    assert "VAT_IGNORED" in priced.codes


def test_2_3_0_prices_with_tax_included_name_both_sides() -> None:
    terms = flat_tariff(
        component("ENERGY", "0.55", vat="10"), component("FLAT", "1"), tax_included="YES"
    )
    priced = Session().charge(60, 20).price(terms, version="2.3.0")
    assert priced.total == euro("11", "12")


def test_sent_taxes_of_2_3_0_are_added_up() -> None:
    taxes = [{"name": "GST", "amount": "0.25"}, {"name": "QST", "amount": "0.49875"}]
    session = Session(total_cost={"before_taxes": 5, "taxes": taxes}).charge(60, 20)
    priced = session.price({**flat_tariff(ENERGY), "tax_included": "NO"}, version="2.3.0")
    assert priced.sent_total == (Decimal(5), Decimal("5.74875"))
    assert priced.difference == (Decimal(0), None)


def test_reservation_without_prices_for_it_is_free() -> None:
    priced = Session().reserve(15).charge(60, 20).price(flat_tariff(ENERGY, HOURLY))
    assert priced.total == euro("11")
    assert priced.parts["total_reservation_cost"] == (0, 0)


def test_expired_reservation_charges_no_start_fee() -> None:
    terms = tariff(
        element(component("FLAT", "2"), reservation="RESERVATION"),
        element(component("FLAT", "4"), reservation="RESERVATION_EXPIRES"),
        element(component("FLAT", "1")),
    )
    assert Session().reserve(30).price(terms).total == euro("6")
    assert Session().reserve(30).charge(30, 1).price(terms).total == euro("3")


def test_duration_of_charging_starts_after_the_reservation() -> None:
    terms = tariff(element(component("ENERGY", "1"), max_duration=60), element(ENERGY))
    assert Session().reserve(30).charge(30, 20).price(terms).total == euro("20")
