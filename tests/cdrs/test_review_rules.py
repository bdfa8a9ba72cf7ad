"""Received CDRs are priced, judged by the rule for them, and accepted, held or rejected by it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from apps.audit.models import Entry
from apps.cdrs.messages import Price
from apps.cdrs.models import CDR, ReviewRule
from apps.cdrs.services import receive_cdr, repricing
from apps.cdrs.services.repricing import reprice_cdrs
from apps.cdrs.services.reviewing import ReasonMissing
from apps.events.models import Event
from tests.accounts.factories import ProviderFactory, TokenFactory
from tests.cdrs.factories import NOW, START, CdrFactory, message_of_known
from tests.locations.factories import ConnectorFactory, EvseFactory, LocationFactory
from tests.tariffs.factories import make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db
CARRIED = {
    "id": "12",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
}


def rule(**fields) -> ReviewRule:
    made = ReviewRule(**fields)
    made.full_clean()
    made.save()
    return made


def receive(**fields) -> CDR:
    """A CDR of 10 kWh in an hour, at 0.25 per kWh, if nothing else is said."""
    values = {"kwh": Decimal(10), "total_cost": Price(Decimal("2.50")), "tariffs": [CARRIED]}
    message = message_of_known(**{**values, **fields})
    cdr = receive_cdr(message=message, source="OCPI", now=NOW).cdr
    cdr.refresh_from_db()
    return cdr


def codes(cdr: CDR) -> set[str]:
    return {reason["code"] for reason in cdr.hold_reasons}


def test_price_by_the_carried_tariff_stands_beside_the_cost_as_sent() -> None:
    cdr = receive(total_cost=Price(Decimal("9.99")))
    assert cdr.computed_cost_excl_vat == Decimal("2.5")
    assert cdr.total_cost_excl_vat == Decimal("9.99")
    assert not cdr.is_held


def test_a_price_that_no_charge_can_have_is_none_and_the_cdr_is_stored() -> None:
    """Each number is in bounds, what they come to fits no column."""
    rule(needs_price=True)
    dear = {"price_components": [{"type": "ENERGY", "price": 9_999_999_999, "step_size": 1}]}
    cdr = receive(tariffs=[{**CARRIED, "elements": [dear]}])
    assert cdr.computed_cost_excl_vat is None
    assert codes(cdr) == {"PRICE_NOT_CHECKED"}
    assert "out of all bounds" in cdr.hold_reasons[0]["message"]


def test_restrictions_go_by_the_clock_of_the_location_that_we_know() -> None:
    """A CDR of 2.2.1 and 2.3.0 names no time zone; 08:00 UTC is 09:00 on the Canaries, 10:00 in
    Madrid."""
    dear = {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]}
    until_ten = {**CARRIED["elements"][0], "restrictions": {"end_time": "10:00"}}
    terms = {**CARRIED, "elements": [until_ten, dear]}
    island = LocationFactory(country="ES", postcode="", time_zone="Atlantic/Canary")
    assert receive(location=island, tariffs=[terms]).computed_cost_excl_vat == Decimal("2.5")
    mainland = LocationFactory(country="ES", postcode="", time_zone="")
    assert receive(location=mainland, tariffs=[terms]).computed_cost_excl_vat == Decimal(10)


def test_price_by_the_book_when_the_cdr_carries_no_tariff() -> None:
    location = LocationFactory()
    make_version(operator=location.operator)
    assert receive(location=location, tariffs=[]).computed_cost_excl_vat == Decimal("2.5")


def test_cdr_without_any_tariff_has_no_price_of_ours() -> None:
    cdr = receive(tariffs=[])
    assert cdr.computed_cost_excl_vat is None
    assert not cdr.is_held


def test_retail_price_is_that_of_the_providers_tariff() -> None:
    token = TokenFactory()
    terms = flat_tariff(component("ENERGY", "0.40", vat="21"), component("FLAT", "1", vat="21"))
    make_version(provider=token.account.provider, content=terms)
    cdr = receive(token=token)
    assert cdr.retail_cost_excl_vat == Decimal("5")
    assert cdr.computed_cost_excl_vat == Decimal("2.5")


def test_without_a_rule_nothing_is_decided() -> None:
    cdr = receive(total_cost=Price(Decimal("99")))
    assert (cdr.status, cdr.is_held) == (CDR.Status.PENDING, False)


def test_clean_cdr_is_accepted_by_its_rule() -> None:
    rule(when_clean="ACCEPT")
    cdr = receive()
    assert (cdr.status, cdr.is_held) == (CDR.Status.ACCEPTED, False)
    assert Event.objects.filter(type="cdr.status.accepted", aggregate_id=cdr.pk).exists()
    assert Entry.objects.story_of(cdr).first().reason == "clean by its review rule"


def test_clean_cdr_that_is_odd_otherwise_waits_for_a_person() -> None:
    rule(when_clean="ACCEPT")
    cdr = receive(remark="[?]")
    assert (cdr.status, cdr.is_held) == (CDR.Status.PENDING, True)
    assert codes(cdr) == {"COST_NOT_SIGNIFICANT"}


def test_a_cost_that_is_not_significant_is_not_compared_with_ours() -> None:
    rule(tolerance_amount=Decimal("0.05"), min_cost=Decimal("1"))
    cdr = receive(remark="[?]", total_cost=Price(Decimal("99.00")))
    assert codes(cdr) == {"COST_NOT_SIGNIFICANT"}


def test_a_difference_from_a_cost_that_the_hub_computed_says_so() -> None:
    rule(tolerance_amount=Decimal("0.05"))
    cdr = receive(remark="[*]", total_cost=Price(Decimal("3.00")))
    (reason,) = cdr.hold_reasons
    assert "The total that the hub computed of 3.00 EUR is" in reason["message"]


def test_price_difference_holds_with_both_amounts_in_words() -> None:
    rule(tolerance_amount=Decimal("0.05"))
    cdr = receive(total_cost=Price(Decimal("3.00")))
    assert cdr.is_held
    (reason,) = cdr.hold_reasons
    assert reason["code"] == "PRICE_DIFFERS"
    assert "3.00 EUR is 0.5000 more than ours of 2.5000 EUR" in reason["message"]


@pytest.mark.parametrize(
    ("sent", "held"), [("2.55", False), ("2.56", True), ("2.45", False), ("2.44", True)]
)
def test_tolerance_is_the_larger_of_amount_and_per_cent(sent: str, held: bool) -> None:
    rule(tolerance_amount=Decimal("0.01"), tolerance_percent=Decimal(2))
    assert receive(total_cost=Price(Decimal(sent))).is_held is held


def test_rule_may_reject_what_is_odd() -> None:
    rule(when_odd="REJECT")
    cdr = receive(total_cost=Price(Decimal("3.00")))
    assert cdr.status == CDR.Status.REJECTED
    assert "more than ours" in cdr.rejection_reason


def test_most_particular_rule_judges() -> None:
    location, token = LocationFactory(), TokenFactory()
    rule()
    rule(operator=location.operator, max_kwh=1)
    rule(provider=token.account.provider, when_clean="ACCEPT")
    assert receive(location=location, token=token).status == CDR.Status.ACCEPTED
    assert codes(receive(location=location)) == {"ENERGY_TOO_LARGE"}
    assert codes(receive()) == set()


def test_rule_of_a_provider_at_an_operator_is_the_most_particular() -> None:
    location, token = LocationFactory(), TokenFactory()
    provider, operator = token.account.provider, location.operator
    rule(when_odd="REJECT", max_kwh=1)
    rule(provider=provider, max_kwh=2)
    rule(operator=operator, max_kwh=3)
    rule(provider=provider, operator=operator, when_clean="ACCEPT")
    assert receive(location=location, token=token).status == CDR.Status.ACCEPTED
    elsewhere = receive(token=token)
    assert (elsewhere.status, codes(elsewhere)) == (CDR.Status.PENDING, {"ENERGY_TOO_LARGE"})
    assert "above 2 kWh" in elsewhere.hold_reasons[0]["message"]
    of_others = receive(location=location)
    assert "above 3 kWh" in of_others.hold_reasons[0]["message"]
    assert receive().status == CDR.Status.REJECTED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"location_id": "UNHEARD-OF", "evse_id": "", "evse_uid": ""}, "LOCATION_UNKNOWN"),
        ({"ended_at": NOW + timedelta(hours=2)}, "END_IN_FUTURE"),
    ],
)
def test_unknown_place_and_future_are_held_also_where_clean_cdrs_are_accepted(
    fields: dict, code: str
) -> None:
    rule(when_clean="ACCEPT")
    message = replace(message_of_known(total_cost=Price(Decimal(1))), **fields)
    cdr = receive_cdr(message=message, source="OCPI", now=NOW).cdr
    assert (cdr.status, cdr.is_held, code in codes(cdr)) == (CDR.Status.PENDING, True, True)


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        ({"min_minutes": 61}, "DURATION_TOO_SMALL"),
        ({"max_minutes": 59}, "DURATION_TOO_LARGE"),
        ({"min_kwh": 11}, "ENERGY_TOO_SMALL"),
        ({"max_kwh": 9}, "ENERGY_TOO_LARGE"),
        ({"min_cost": 3}, "COST_TOO_SMALL"),
        ({"max_cost": 2}, "COST_TOO_LARGE"),
    ],
)
def test_bounds(bound: dict, code: str) -> None:
    rule(**bound)
    assert codes(receive()) == {code}


def test_power_above_what_the_connector_gives() -> None:
    rule(power_tolerance_percent=10)
    evse = EvseFactory()
    ConnectorFactory(evse=evse, max_power_watt=11_000)
    place = {"location": evse.location, "evse_id": evse.evse_id, "connector_id": "1"}
    assert codes(receive(kwh=Decimal(12), total_cost=Price(Decimal(3)), **place)) == set()
    cdr = receive(kwh=Decimal(13), total_cost=Price(Decimal("3.25")), **place)
    assert codes(cdr) == {"POWER_IMPOSSIBLE"}
    assert "13.0 kW on average; the connector gives 11 kW" in cdr.hold_reasons[0]["message"]


def test_power_by_power_type_where_the_connector_is_not_known() -> None:
    rule(power_tolerance_percent=0)
    fast = {"kwh": Decimal(45), "total_cost": Price(Decimal("11.25"))}
    assert codes(receive(power_type="AC_3_PHASE", **fast)) == {"POWER_IMPOSSIBLE"}
    assert codes(receive(power_type="DC", **fast)) == set()


def test_overlap_with_another_cdr_of_the_token_or_evse() -> None:
    rule(refuses_overlap=True)
    token, evse = TokenFactory(), EvseFactory()
    assert codes(receive(token=token, location=evse.location, evse_id="NL*EFL*E1")) == set()
    later = START + timedelta(minutes=59)
    assert codes(receive(token=token, started_at=later, evse_id="X")) == {"SESSION_OVERLAPS"}
    same = {"location": evse.location, "evse_id": "nl*efl*e1"}
    assert codes(receive(started_at=later, **same)) == {"SESSION_OVERLAPS"}
    assert codes(receive(started_at=START + timedelta(hours=2), **same)) == set()


def test_reservations_that_nobody_came_to_use_share_no_evse() -> None:
    rule(refuses_overlap=True)
    location, token = LocationFactory(), TokenFactory()
    assert codes(receive(location=location, evse_id="#NA")) == set()
    assert codes(receive(location=location, evse_id="#na", token=token)) == set()
    assert codes(receive(location=location, evse_id="#NA", token=token)) == {"SESSION_OVERLAPS"}


def test_session_of_unknown_start_overlaps_nothing() -> None:
    rule(refuses_overlap=True)
    token = TokenFactory()
    unknown = datetime(1970, 1, 1, tzinfo=UTC)
    early = receive(token=token, started_at=unknown, ended_at=START + timedelta(hours=1))
    assert codes(early) == {"START_UNKNOWN"}
    assert codes(receive(token=token, evse_id="X")) == set()
    again = receive(token=token, started_at=unknown, ended_at=START + timedelta(hours=1))
    assert codes(again) == {"START_UNKNOWN"}


def test_rule_may_ask_for_a_price() -> None:
    rule(needs_price=True)
    cdr = receive(tariffs=[])
    assert codes(cdr) == {"PRICE_NOT_CHECKED"}
    broken = receive(tariffs=[{"id": "1", "currency": "EUR", "elements": [{"restrictions": 5}]}])
    assert codes(broken) == {"PRICE_NOT_CHECKED"}


def test_credit_is_judged_by_its_price_alone() -> None:
    rule(max_kwh=1)
    cdr = receive(is_credit=True, credit_reference_id="", total_cost=Price(Decimal("-2.50")))
    assert codes(cdr) == {"CREDIT_WITHOUT_REFERENCE"}
    assert cdr.computed_cost_excl_vat == Decimal("-2.5")


def test_one_rule_per_provider_and_operator() -> None:
    rule()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewRule().save()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewRule(provider=ProviderFactory(), min_kwh=2, max_kwh=1).save()


def test_stored_cdrs_are_priced_again_after_a_tariff_came_late() -> None:
    cdr = CdrFactory(kwh=10)
    make_version(operator=cdr.operator)
    done = reprice_cdrs(cdrs=CDR.objects.all(), reason="tariff came late", now=NOW)
    cdr.refresh_from_db()
    assert (done.looked_at, done.changed, done.without_price) == (1, 1, 0)
    assert cdr.computed_cost_excl_vat == Decimal("2.5")
    entry = Entry.objects.story_of(cdr).first()
    assert (entry.activity, entry.reason) == ("priced CDR again", "tariff came late")
    assert Event.objects.filter(type="cdr.cost.changed", aggregate_id=cdr.pk).count() == 1


def test_pricing_again_what_has_its_price_writes_nothing() -> None:
    cdr = CdrFactory(kwh=10)
    make_version(operator=cdr.operator)
    reprice_cdrs(cdrs=CDR.objects.all(), reason="first", now=NOW)
    entries = Entry.objects.count()
    assert reprice_cdrs(cdrs=CDR.objects.all(), reason="again", now=NOW).changed == 0
    assert Entry.objects.count() == entries


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_processes_price_all_cdrs_once(monkeypatch) -> None:
    monkeypatch.setattr(repricing, "WORTH_A_PROCESS", 1)
    made = [CdrFactory(kwh=10) for _ in range(5)]
    for cdr in made:
        make_version(operator=cdr.operator)
    done = reprice_cdrs(cdrs=CDR.objects.all(), reason="all", now=NOW, processes=3)
    assert (done.looked_at, done.changed) == (5, 5)
    assert {cdr.computed_cost_excl_vat for cdr in CDR.objects.all()} == {Decimal("2.5")}
    told = Event.objects.filter(type="cdr.cost.changed").values_list("aggregate_id", flat=True)
    assert sorted(told) == sorted(str(cdr.pk) for cdr in made)
    assert {entry.actor_id for entry in Entry.objects.filter(activity="priced CDR again")} == {
        "test"
    }


def test_billed_and_rejected_cdrs_are_never_priced_again() -> None:
    billed = CdrFactory(billed=True, kwh=10)
    make_version(operator=billed.operator)
    CdrFactory(rejected=True)
    assert reprice_cdrs(cdrs=CDR.objects.all(), reason="all", now=NOW).looked_at == 0


def test_pricing_again_needs_a_reason() -> None:
    with pytest.raises(ReasonMissing):
        reprice_cdrs(cdrs=CDR.objects.all(), reason=" ", now=NOW)


def test_command_prices_the_chosen_cdrs_again(capsys) -> None:
    cdr = CdrFactory(kwh=10)
    other = CdrFactory(kwh=10)
    for each in (cdr, other):
        make_version(operator=each.operator)
    call_command("reprice_cdrs", reason="test", operator=f"{cdr.country_code}*{cdr.party_id}")
    assert "1 CDRs looked at, 1 changed, 0 without a price" in capsys.readouterr().out
    other.refresh_from_db()
    assert other.computed_cost_excl_vat is None
