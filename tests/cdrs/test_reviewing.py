"""States of a CDR, through the services and past them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from apps.audit.models import Entry
from apps.cdrs.guards import (
    CdrContentFrozen,
    CdrDeletionRefused,
    CdrPriceFrozen,
    CdrStatusChangeRefused,
)
from apps.cdrs.models import CDR
from apps.cdrs.services import (
    CdrDeleted,
    CdrHeld,
    FieldNotUpdatable,
    PriceRefused,
    ReasonMissing,
    accept_cdr,
    accept_cdrs,
    delete_cdr,
    mark_cdrs_billed,
    receive_cdr,
    reject_cdr,
    relink_cdr,
    update_cdr,
    update_cdr_price,
)
from apps.events.models import Event
from tests.accounts.factories import AccountFactory, TokenFactory
from tests.cdrs.factories import NOW, CdrFactory, CdrMessageFactory
from tests.locations.factories import LocationFactory, OperatorFactory

pytestmark = pytest.mark.django_db


def events_of(cdr):
    return list(Event.objects.of(cdr).order_by("sequence").values_list("type", flat=True))


def test_pending_cdr_is_accepted_with_history_and_event():
    cdr = CdrFactory()
    accept_cdr(cdr=cdr, now=NOW, reason="checked")
    assert cdr.status == "ACCEPTED"
    stored = CDR.objects.get()
    assert (stored.status, stored.status_changed_at) == ("ACCEPTED", NOW)
    assert events_of(cdr) == ["cdr.status.accepted"]
    version = cdr.history.latest()
    assert (version.activity, version.history_change_reason) == ("accepted CDR", "checked")


def test_rejection_needs_a_reason_and_tells_it():
    cdr = CdrFactory()
    with pytest.raises(ReasonMissing):
        reject_cdr(cdr=cdr, reason="  ", now=NOW)
    reject_cdr(cdr=cdr, reason="no such session", now=NOW)
    assert CDR.objects.get().rejection_reason == "no such session"
    [event] = Event.objects.of(cdr)
    assert (event.type, event.data["reason"]) == ("cdr.status.rejected", "no such session")


@pytest.mark.parametrize("state", ["accepted", "rejected", "billed"])
def test_state_that_is_there_already_writes_nothing(state):
    cdr = CdrFactory(**{state: True})
    entries = Entry.objects.count()
    again = {
        "accepted": lambda: accept_cdr(cdr=cdr, now=NOW),
        "rejected": lambda: reject_cdr(cdr=cdr, reason="", now=NOW),
        "billed": lambda: mark_cdrs_billed(cdrs=[cdr], now=NOW),
    }
    again[state]()
    assert Entry.objects.count() == entries
    assert events_of(cdr) == []


@pytest.mark.parametrize(
    ("state", "move", "message"),
    [
        ({}, "bill", "Cannot update CDR status from Pending to Billed"),
        ({"rejected": True}, "accept", "Cannot update CDR status from Rejected to Accepted"),
        ({"rejected": True}, "bill", "Cannot update CDR status from Rejected to Billed"),
        ({"accepted": True}, "reject", "Cannot update CDR status from Accepted to Rejected"),
        ({"billed": True}, "accept", "Cannot update CDR status from Billed to Accepted"),
        ({"billed": True}, "reject", "Cannot update CDR status from Billed to Rejected"),
    ],
)
def test_every_other_move_is_refused(state, move, message):
    cdr = CdrFactory(**state)
    moves = {
        "accept": lambda: accept_cdr(cdr=cdr, now=NOW),
        "reject": lambda: reject_cdr(cdr=cdr, reason="because", now=NOW),
        "bill": lambda: mark_cdrs_billed(cdrs=[cdr], now=NOW),
    }
    with pytest.raises(CdrStatusChangeRefused) as refused:
        moves[move]()
    assert refused.value.code == "CDR_STATUS_CHANGE_EXCEPTION"
    assert refused.value.message == message


def test_status_table_holds_for_saving_and_for_bulk_updates_too():
    cdr = CdrFactory()
    cdr.status = CDR.Status.BILLED
    with pytest.raises(CdrStatusChangeRefused):
        cdr.save()
    with pytest.raises(CdrStatusChangeRefused):
        CDR.objects.bulk_update([cdr], ["status"])


def test_held_cdr_is_accepted_only_with_a_reason():
    cdr = CdrFactory(held=True)
    with pytest.raises(CdrHeld, match="The energy is negative"):
        accept_cdr(cdr=cdr, now=NOW)
    accept_cdr(cdr=cdr, now=NOW, reason="meter was reset, operator confirmed")
    stored = CDR.objects.get()
    assert (stored.status, stored.is_held) == ("ACCEPTED", False)
    assert stored.hold_reasons


def test_bulk_acceptance_leaves_held_ones_and_others_as_they_are():
    pending = CdrFactory.create_batch(3)
    CdrFactory(held=True)
    CdrFactory(rejected=True)
    CdrFactory(deleted=True)
    done = accept_cdrs(cdrs=CDR.objects.all(), reason="month closed", now=NOW)
    assert (done.accepted, done.held) == (3, 1)
    for cdr in pending:
        assert cdr.history.latest().history_change_reason == "month closed"
        assert events_of(cdr) == ["cdr.status.accepted"]
    again = accept_cdrs(cdrs=CDR.objects.all(), reason="month closed", now=NOW)
    assert (again.accepted, again.held) == (0, 1)


def test_bulk_acceptance_needs_a_reason():
    with pytest.raises(ReasonMissing):
        accept_cdrs(cdrs=[], reason="", now=NOW)


def test_billing_is_all_or_nothing():
    cdrs = [CdrFactory(accepted=True), CdrFactory()]
    with pytest.raises(CdrStatusChangeRefused), transaction.atomic():
        mark_cdrs_billed(cdrs=cdrs, now=NOW)
    assert not CDR.objects.filter(status="BILLED").exists()


def test_billing_moves_many_in_a_fixed_number_of_queries(django_assert_max_num_queries):
    cdrs = CdrFactory.create_batch(30, accepted=True)
    with django_assert_max_num_queries(15):
        assert mark_cdrs_billed(cdrs=cdrs, now=NOW) == 30
    assert {cdr.status for cdr in cdrs} == {"BILLED"}
    assert events_of(cdrs[0]) == ["cdr.status.billed"]


def test_reviewed_price_stands_beside_the_cost_as_sent():
    cdr = CdrFactory()
    update_cdr_price(cdr=cdr, cost_excl_vat=Decimal("3.9"), reason="tariff says so", now=NOW)
    stored = CDR.objects.get()
    assert stored.reviewed_cost_excl_vat == Decimal("3.9")
    assert stored.total_cost_excl_vat == Decimal("4.20")
    [event] = Event.objects.of(cdr)
    assert event.type == "cdr.cost.changed"
    assert (event.data["before"], event.data["after"]) == (None, "3.9")


def test_same_price_again_writes_nothing():
    cdr = CdrFactory()
    for _ in range(2):
        update_cdr_price(cdr=cdr, cost_excl_vat=Decimal("3.90"), reason="tariff", now=NOW)
    assert events_of(cdr) == ["cdr.cost.changed"]


@pytest.mark.parametrize("amount", ["-1", "NaN", "1e12"])
def test_impossible_price_is_refused(amount):
    with pytest.raises(PriceRefused):
        update_cdr_price(cdr=CdrFactory(), cost_excl_vat=Decimal(amount), reason="x", now=NOW)


PRICES = {
    "reviewed_cost_excl_vat": Decimal(1),
    "computed_cost_excl_vat": Decimal(1),
    "retail_cost_excl_vat": Decimal(1),
    "total_cost_excl_vat": Decimal(1),
    "kwh": Decimal(1),
    "currency": "GBP",
}


def test_billed_cdr_refuses_a_new_price_from_the_service():
    with pytest.raises(CdrPriceFrozen) as refused:
        update_cdr_price(cdr=CdrFactory(billed=True), cost_excl_vat=Decimal(1), reason="x", now=NOW)
    assert refused.value.code == "CDR_PRICING_EVENT_EXCEPTION"


@pytest.mark.parametrize("field", PRICES)
def test_billed_cdr_refuses_a_new_price_by_update_save_and_bulk_update(field):
    cdr = CdrFactory(billed=True)
    with pytest.raises(CdrPriceFrozen):
        update_cdr(cdr=cdr, changes={field: PRICES[field]}, reason="x", now=NOW)
    setattr(cdr, field, PRICES[field])
    for write in (cdr.save, lambda: CDR.objects.bulk_update([cdr], [field])):
        with pytest.raises(CdrPriceFrozen):
            write()


@pytest.mark.parametrize("field", PRICES)
def test_billed_cdr_refuses_a_new_price_in_the_database_itself(field):
    cdr = CdrFactory(billed=True)
    plain = models.QuerySet(CDR)
    with pytest.raises(IntegrityError), transaction.atomic():
        plain.filter(pk=cdr.pk).update(**{field: PRICES[field]})
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(CDR).filter(pk=cdr.pk)._raw_delete(using="default")


def test_database_itself_refuses_a_wrong_move_and_another_cost_as_sent():
    cdr = CdrFactory()
    for change in ({"status": "BILLED"}, {"total_cost_excl_vat": 1}, {"cdr_id": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            models.QuerySet(CDR).filter(pk=cdr.pk).update(**change)


def test_cost_as_sent_is_kept_in_every_state():
    cdr = CdrFactory()
    cdr.total_cost_excl_vat = Decimal(1)
    with pytest.raises(CdrContentFrozen):
        cdr.save()
    with pytest.raises(CdrContentFrozen):
        update_cdr(
            cdr=CdrFactory(), changes={"energy_cost_excl_vat": Decimal(1)}, reason="x", now=NOW
        )


def test_billed_cdr_keeps_its_account():
    cdr = CdrFactory(billed=True)
    cdr.account = AccountFactory()
    with pytest.raises(CdrContentFrozen):
        cdr.save()


def test_update_reaches_only_references_and_the_place():
    cdr = CdrFactory()
    update_cdr(cdr=cdr, changes={"location_country": "DE"}, reason="moved", now=NOW)
    assert CDR.objects.get().location_country == "DE"
    for name, value in {"status": "BILLED", "reviewed_cost_excl_vat": 1, "nonsense": 1}.items():
        with pytest.raises(FieldNotUpdatable):
            update_cdr(cdr=cdr, changes={name: value}, reason="x", now=NOW)
    with pytest.raises(ValidationError):
        update_cdr(cdr=cdr, changes={"location_country": "TOO LONG"}, reason="x", now=NOW)


def test_hold_goes_when_the_missing_parties_become_known():
    message = CdrMessageFactory(kwh=Decimal(-1))
    cdr = receive_cdr(message=message, source="OCPI", now=NOW).cdr
    operator = OperatorFactory(country_code="NL", party_id="EFL")
    location = LocationFactory(operator=operator, location_id=message.location_id)
    token = TokenFactory(contract_id=message.contract_id)
    relink_cdr(cdr=cdr, now=NOW)
    stored = CDR.objects.get()
    assert (stored.token, stored.location, stored.operator) == (token, location, operator)
    assert stored.provider == token.account.provider
    assert [reason["code"] for reason in stored.hold_reasons] == ["ENERGY_NEGATIVE"]


def test_deleted_cdr_is_out_of_sight_and_kept():
    cdr = CdrFactory()
    with pytest.raises(ReasonMissing):
        delete_cdr(cdr=cdr, reason="", now=NOW)
    delete_cdr(cdr=cdr, reason="test of the operator", now=NOW)
    assert events_of(cdr) == ["cdr.deleted"]
    assert (CDR.objects.live().count(), CDR.objects.count()) == (0, 1)
    for change in (accept_cdr, relink_cdr):
        with pytest.raises(CdrDeleted):
            change(cdr=cdr, now=NOW)


def test_billed_cdr_can_not_be_deleted():
    cdr = CdrFactory(billed=True)
    with pytest.raises(CdrDeletionRefused):
        delete_cdr(cdr=cdr, reason="x", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(CDR).filter(pk=cdr.pk).update(deleted_at=NOW)
