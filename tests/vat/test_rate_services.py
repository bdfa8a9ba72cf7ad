"""Changing rates: their periods neither overlap nor leave a gap, and each change is audited."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.audit.context import Actor
from apps.audit.models import Entry
from apps.vat.models import VatRate
from apps.vat.rates import RateKind
from apps.vat.services import (
    RatePeriodFault,
    change_rate,
    correct_rate,
    end_charging_rate,
    load_rate_book,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor.job("finance")


def change(territory: str, rate: str, valid_from: str, **more: Any) -> VatRate:
    return change_rate(
        **{
            "territory": territory,
            "kind": RateKind.STANDARD,
            "rate": Decimal(rate),
            "valid_from": date.fromisoformat(valid_from),
            "source": "law gazette",
            "actor": ACTOR,
            "reason": "the rate changes",
            **more,
        }
    )


def test_a_new_rate_ends_the_one_before_it() -> None:
    change("NL", "22", "2027-07-01")
    book = load_rate_book()
    before = book.standard_rate("NL", date(2027, 6, 30))
    after = book.standard_rate("NL", date(2027, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.rate, after.rate) == (21, 22)
    assert book.faults() == []


def test_both_rows_are_in_the_trail_with_the_reason() -> None:
    change("NL", "22", "2027-07-01")
    entries = Entry.objects.filter(actor_id=ACTOR.id).order_by("recorded_at")
    assert [(entry.activity, entry.reason) for entry in entries] == [
        ("ended VAT rate", "the rate changes"),
        ("set VAT rate", "the rate changes"),
    ]


def test_a_new_territory_begins_its_rates() -> None:
    change("US-CA", "7.25", "2027-01-01")
    assert load_rate_book().standard_rate("US-CA", date(2027, 1, 1)) is not None


@pytest.mark.parametrize("valid_from", ["2012-10-01", "2010-01-01"])
def test_a_rate_can_not_begin_before_the_one_in_force(valid_from: str) -> None:
    with pytest.raises(RatePeriodFault, match="has a rate from 2012-10-01"):
        change("NL", "22", valid_from)
    assert VatRate.objects.filter(territory="NL").count() == 1


def test_a_gap_is_refused() -> None:
    with pytest.raises(RatePeriodFault, match="31 days without a rate"):
        change("IE", "9", "2031-02-01", kind=RateKind.EV_CHARGING)
    change("IE", "10", "2031-01-01", kind=RateKind.EV_CHARGING)


def test_a_rate_for_charging_may_end_for_the_standard_one() -> None:
    end_charging_rate(
        territory="GR", valid_to=date(2028, 1, 1), actor=ACTOR, reason="the ruling ends"
    )
    rate = load_rate_book().charging_rate("GR", date(2028, 1, 1))
    assert rate is not None
    assert (rate.kind, rate.rate) == (RateKind.STANDARD, 24)
    with pytest.raises(RatePeriodFault, match="no rate for charging"):
        end_charging_rate(territory="NL", valid_to=date(2028, 1, 1), actor=ACTOR, reason="x")


def test_a_correction_is_audited_with_before_and_after() -> None:
    row = VatRate.objects.get(territory="LU", kind="ev_charging", valid_to=None)
    correct_rate(
        rate_row=row, rate=Decimal("17"), source="AED circular", note="", actor=ACTOR,
        reason="charging is at the standard rate",
    )  # fmt: skip
    entry = Entry.objects.get(object_type="vat.vatrate", actor_id=ACTOR.id)
    assert (entry.activity, entry.reason) == (
        "corrected VAT rate", "charging is at the standard rate",
    )  # fmt: skip
    assert Decimal(entry.before["rate"]) == 8
    assert Decimal(entry.after["rate"]) == 17


@pytest.mark.parametrize(
    "values",
    [
        {"rate": Decimal(-1)},
        {"rate": Decimal(101)},
        {"valid_to": date(2026, 1, 1)},
        {"kind": "reduced"},
    ],
    ids=["negative", "above 100 %", "empty period", "unknown kind"],
)
def test_the_database_refuses_what_is_no_rate(values: dict[str, Any]) -> None:
    row = {
        "territory": "AA", "kind": "standard", "rate": Decimal(1),
        "valid_from": date(2026, 1, 1), "source": "x",
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        VatRate.objects.create(**{**row, **values})


def test_the_database_refuses_a_second_open_period() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        VatRate.objects.create(
            territory="NL", kind="standard", rate=22, valid_from=date(2027, 1, 1), source="x"
        )


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such constraint")
def test_postgresql_refuses_overlapping_periods() -> None:
    with pytest.raises(IntegrityError, match="vat_rate_no_overlap"), transaction.atomic():
        _insert_overlap()


def _insert_overlap() -> None:
    VatRate.objects.create(
        territory="DE", kind="standard", rate=18, valid_from=date(2020, 8, 1),
        valid_to=date(2020, 9, 1), source="x",
    )  # fmt: skip
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
