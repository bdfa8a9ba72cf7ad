"""Why a sent total differs, in words."""

import pytest

from tests.tariffs.messages import Json, Session, component, element, flat_tariff, tariff
from tests.tariffs.test_worked_examples import STEPS

ENERGY = component("ENERGY", "0.25", vat="10", step=100)
PER_KWH = flat_tariff(ENERGY)


def sent(excl: str, incl: str | None = None) -> Json:
    return {"excl_vat": excl, **({} if incl is None else {"incl_vat": incl})}


@pytest.mark.parametrize(
    ("total", "terms", "session", "code"),
    [
        (sent("5.125", "5.6375"), PER_KWH, Session().charge(60, "20.45"), "SENT_MATCHES"),
        (sent("5.13", "5.64"), PER_KWH, Session().charge(60, "20.45"), "SENT_ROUNDED"),
        (sent("5.12", "5.63"), PER_KWH, Session().charge(60, "20.45"), "SENT_TRUNCATED"),
        (sent("5.13"), PER_KWH, Session().charge(60, "20.41"), "SENT_ROUNDED"),
        (sent("5.1125", "5.62375"), PER_KWH, Session().charge(60, "20.45"),
         "SENT_WITHOUT_ENERGY_STEP"),
        (sent("5.11"), PER_KWH, Session().charge(60, "20.45"),
         "SENT_WITHOUT_ENERGY_STEP"),
        (sent("0.5", "0.6"), flat_tariff(component("TIME", "6", vat="20", step=600)),
         Session().charge(5), "SENT_WITHOUT_TIME_STEP"),
        (sent("0.25", "0.275"), flat_tariff(ENERGY, min_price=sent("1", "1.1")),
         Session().charge(60, 1), "SENT_WITHOUT_LIMIT"),
        (sent("5", "5.5"), flat_tariff(ENERGY, component("FLAT", "1")), Session().charge(60, 20),
         "SENT_WITHOUT_FLAT"),
        (sent("5.5", "5.5"), PER_KWH, Session().charge(60, 20), "SENT_INCLUDES_VAT"),
        (sent("5", "5"), PER_KWH, Session().charge(60, 20), "SENT_WITHOUT_VAT"),
        (sent("5", "6"), PER_KWH, Session().charge(60, 20), "SENT_VAT_DIFFERS"),
        (sent("6", "6"), PER_KWH, Session().charge(60, 22), "SENT_ROUNDED"),
        (sent("7.77", "8.5"), PER_KWH, Session().charge(60, 20), "SENT_DIFFERS"),
    ],
)  # fmt: skip
def test_reason_is_told(total: Json, terms: Json, session: Session, code: str) -> None:
    session.fields["total_cost"] = total
    assert code in session.price(terms).codes


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
@pytest.mark.parametrize(
    ("total", "code"),
    [("0.6167", "SENT_STEP_FOR_EACH"), ("0.53", "SENT_STEP_FOR_DURATION")],
)
def test_steps_taken_as_earlier_editions_say_are_told(version: str, total: str, code: str) -> None:
    terms = flat_tariff(
        component("TIME", "1", step=300), component("PARKING_TIME", "1.2", step=300)
    )
    session = Session(total_cost=sent(total)).charge(21).park(7)
    assert code in session.price(terms, version=version).codes


@pytest.mark.parametrize(
    ("session", "total"),
    [
        (Session("2024-03-13T16:55:00Z").charge(5).charge(5).park(2), "0.383"),
        (Session("2024-03-13T19:40:00Z").charge(12).park(8).park(12), "0.78"),
    ],
)
def test_figures_of_the_first_edition_of_2_2_1_are_known(session: Session, total: str) -> None:
    session.fields["total_cost"] = sent(total)
    assert "SENT_STEP_FOR_DURATION" in session.price(STEPS).codes


def test_times_taken_as_utc_are_told() -> None:
    terms = tariff(
        element(component("ENERGY", "1"), start_time="09:00", end_time="10:00"),
        element(component("ENERGY", "2")),
    )
    session = Session("2024-03-13T09:30:00Z", total_cost=sent("20", "20")).charge(60, 20)
    assert "SENT_IN_UTC" in session.price(terms, zone="Europe/Amsterdam").codes


def test_parts_that_differ_are_named() -> None:
    terms = flat_tariff(ENERGY, component("FLAT", "1", vat="10"))
    session = Session(
        total_cost=sent("6.5", "7.15"),
        total_energy_cost=sent("5", "5.5"),
        total_fixed_cost=sent("1.5", "1.65"),
    ).charge(60, 20)
    priced = session.price(terms)
    assert priced.differences["total_fixed_cost"].excl_vat == priced.difference.excl_vat
    assert "Sent 0.5000 more than ours for fixed costs." in priced.explanation


def test_total_that_is_not_the_sum_of_its_parts_is_told() -> None:
    session = Session(total_cost=sent("9", "9.9"), total_energy_cost=sent("5", "5.5"))
    assert "SENT_SUM_DIFFERS" in session.charge(60, 20).price(flat_tariff(ENERGY)).codes


def test_missing_total_is_told() -> None:
    priced = Session().charge(60, 20).price(flat_tariff(ENERGY))
    assert priced.difference is None
    assert "SENT_MISSING" in priced.codes
