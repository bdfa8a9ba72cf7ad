"""CDRs come in once, whatever partners do."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection, transaction

from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.cdrs.arrivals import register_listener, unregister_listener
from apps.cdrs.form import CdrUnreadable, EndBeforeStart, FieldTooLong, NumberOutOfRange
from apps.cdrs.messages import Price
from apps.cdrs.models import CDR, CdrConflict
from apps.cdrs.services import CdrConflicting, delete_cdr, receive_cdr, receive_cdrs
from apps.core.money import UnknownCurrency
from apps.events.models import Event
from tests.accounts.factories import ProviderFactory, TokenFactory
from tests.cdrs.factories import NOW, CdrMessageFactory, message_of_known
from tests.locations.factories import EvseFactory

pytestmark = pytest.mark.django_db


def receive(message, **fields):
    return receive_cdr(message=message, source="OCPI", now=NOW, **fields)


def codes(cdr):
    return {reason["code"] for reason in cdr.hold_reasons}


def test_cdr_of_known_parties_is_stored_and_not_held():
    message = message_of_known()
    receipt = receive(message)
    cdr = CDR.objects.get()
    assert receipt.created
    assert (cdr.status, cdr.is_held, cdr.hold_reasons) == ("PENDING", False, [])
    assert cdr.token.contract_id == message.contract_id
    assert cdr.account == cdr.token.account
    assert cdr.provider == cdr.account.provider
    assert cdr.location.location_id == message.location_id
    assert (cdr.location_name, cdr.location_country) == (cdr.location.name, "NL")
    assert cdr.total_cost_incl_vat == Decimal("5.08")
    assert cdr.raw == message.raw


def test_arrival_leaves_one_version_one_entry_and_one_event():
    cdr = receive(message_of_known()).cdr
    assert [version.activity for version in cdr.history.all()] == ["received CDR"]
    assert Entry.objects.filter(object_id=str(cdr.pk)).count() == 1
    [event] = Event.objects.of(cdr)
    assert (event.type, event.sequence, event.provider_id) == ("cdr.created", 1, cdr.provider_id)
    assert event.data["total_cost_excl_vat"] == "4.20"


def test_same_content_again_is_answered_and_writes_nothing():
    message = message_of_known()
    first = receive(message)
    entries, events = Entry.objects.count(), Event.objects.count()
    again = receive(message)
    assert (again.cdr.pk, again.created) == (first.cdr.pk, False)
    assert (Entry.objects.count(), Event.objects.count()) == (entries, events)
    assert again.cdr.history.count() == 1


@pytest.mark.parametrize(
    "spelling",
    [
        {"kwh": Decimal("12.500")},
        {"total_cost": Price(Decimal("4.2"), Decimal("5.0800"))},
        {"cdr_id": "cdr-X", "country_code": "nl"},
        {"raw": '{"id":   "other spaces"}'},
        {"tariffs": [{"price": Decimal("0.350"), "id": "T1", "alt": None}]},
    ],
)
def test_other_spellings_are_the_same_content(spelling):
    base = CdrMessageFactory(cdr_id="CDR-X", tariffs=[{"id": "T1", "price": Decimal("0.35")}])
    receive(base)
    again = receive(replace(base, **spelling))
    assert not again.created


def test_same_instant_in_another_zone_is_the_same_content():
    base = CdrMessageFactory()
    receive(base)
    moved = base.ended_at.astimezone(timezone(timedelta(hours=2)))
    assert moved.tzinfo is not UTC
    assert not receive(replace(base, ended_at=moved)).created


def test_other_content_is_refused_and_put_before_staff_once():
    base = message_of_known()
    cdr = receive(base).cdr
    other = replace(base, total_cost=Price(Decimal("9.99")), raw="other")
    for _ in range(2):
        with pytest.raises(CdrConflicting) as refused:
            receive(other)
    assert refused.value.code == "CDR_CONFLICT"
    [conflict] = CdrConflict.objects.all()
    assert (conflict.cdr, conflict.raw) == (cdr, "other")
    assert {"field": "total cost excl. VAT", "ours": "4.2000000000", "sent": "9.99"} in (
        conflict.differences
    )
    cdr.refresh_from_db()
    assert cdr.total_cost_excl_vat == Decimal("4.20")


def test_deleted_cdr_sent_again_stays_deleted():
    message = message_of_known()
    cdr = receive(message).cdr
    delete_cdr(cdr=cdr, reason="sent by mistake", now=NOW)
    again = receive(message)
    assert (again.created, again.cdr.pk) == (False, cdr.pk)
    assert CDR.objects.live().count() == 0
    with pytest.raises(CdrConflicting):
        receive(replace(message, kwh=Decimal(1)))


def test_another_provider_sending_the_same_content_learns_nothing():
    token = TokenFactory()
    message = message_of_known(token=token)
    receive(message, provider=token.account.provider)
    with pytest.raises(CdrConflicting) as refused:
        receive(message, provider=ProviderFactory())
    assert refused.value.details == {}


def test_token_of_another_provider_is_not_charged():
    cdr = receive(message_of_known(), provider=ProviderFactory()).cdr
    assert (cdr.token, cdr.account) == (None, None)
    assert codes(cdr) == {"TOKEN_OF_OTHER_PROVIDER"}


def test_location_is_found_by_its_evse_when_no_location_is_sent():
    evse = EvseFactory(evse_id="NL*EFL*E77")
    message = message_of_known(location=evse.location)
    cdr = receive(replace(message, location_id="", evse_id="nl*efl*e77")).cdr
    assert cdr.location == evse.location


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kwh": Decimal(-3)}, "ENERGY_NEGATIVE"),
        ({"total_cost": Price(Decimal("1.0123456789"))}, "COST_PRECISION"),
        ({"total_cost": Price(Decimal("-1"))}, "COST_NEGATIVE"),
        ({"total_cost": Price(Decimal(0))}, "COST_ZERO"),
        ({"total_cost": Price()}, "COST_MISSING"),
        ({"total_cost": Price(Decimal(5), Decimal(4))}, "COST_INCL_BELOW_EXCL"),
        ({"ended_at": NOW + timedelta(hours=1)}, "END_IN_FUTURE"),
        ({"started_at": datetime(1970, 1, 1, tzinfo=UTC), "ended_at": NOW}, "START_UNKNOWN"),
        ({"credit": True, "credit_reference_id": ""}, "CREDIT_WITHOUT_REFERENCE"),
        ({"credit": True, "credit_reference_id": "CDR-NONE"}, "CREDIT_OF_UNKNOWN_CDR"),
        ({"is_credit": True, "credit_reference_id": "CDR-NONE"}, "CREDIT_NOT_NEGATIVE"),
        ({"remark": "[?] cost to be settled"}, "COST_NOT_SIGNIFICANT"),
        ({"total_cost": Price(Decimal("1234567.1234567891"))}, "DIGITS_NOT_KEPT"),
    ],
)
def test_odd_cdr_is_stored_and_held_with_its_reason(fields, code):
    cdr = receive(message_of_known(**fields)).cdr
    stored = CDR.objects.get(pk=cdr.pk)
    assert stored.is_held
    assert code in codes(stored)


def test_cost_with_ten_decimals_is_kept_digit_for_digit():
    cdr = receive(message_of_known(total_cost=Price(Decimal("12.3456789012")))).cdr
    assert CDR.objects.get(pk=cdr.pk).total_cost_excl_vat == Decimal("12.3456789012")


def test_cdr_of_unknown_everything_is_held_for_each():
    cdr = receive(CdrMessageFactory()).cdr
    assert codes(cdr) == {"OPERATOR_UNKNOWN", "LOCATION_UNKNOWN", "TOKEN_UNKNOWN"}
    assert cdr.provider is None


def test_nothing_charged_at_no_cost_is_not_odd():
    cdr = receive(message_of_known(kwh=Decimal(0), total_cost=Price(Decimal(0)))).cdr
    assert not cdr.is_held


def test_credit_of_a_cdr_that_we_have_is_not_held():
    token = TokenFactory()
    first = message_of_known(token=token)
    cdr = receive(first).cdr
    credit = message_of_known(
        token=token, location=cdr.location, credit=True, credit_reference_id=first.cdr_id.lower()
    )
    assert not receive(credit).cdr.is_held


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"currency": "EURO"}, UnknownCurrency),
        ({"currency": ""}, UnknownCurrency),
        ({"ended_at": NOW - timedelta(days=30)}, EndBeforeStart),
        ({"cdr_id": " "}, CdrUnreadable),
        ({"party_id": "TOOLONG"}, CdrUnreadable),
        ({"kwh": Decimal("NaN")}, CdrUnreadable),
        ({"total_cost": Price(Decimal("Infinity"))}, CdrUnreadable),
        ({"kwh": Decimal("1e999999999")}, NumberOutOfRange),
        ({"contract_id": "X" * 101}, FieldTooLong),
        ({"remark": "null \x00"}, CdrUnreadable),
        ({"started_at": NOW.replace(tzinfo=None)}, CdrUnreadable),
        ({"started_at": NOW.replace(year=1)}, CdrUnreadable),
        ({"ended_at": NOW.replace(year=9999)}, CdrUnreadable),
    ],
)
def test_what_can_not_be_read_is_refused_and_leaves_nothing(fields, error):
    with pytest.raises(error):
        receive(CdrMessageFactory(**fields))
    assert CDR.objects.count() == 0
    assert Event.objects.count() == 0


def test_batch_answers_each_message_in_its_own_way(django_assert_max_num_queries):
    first = message_of_known()
    known = message_of_known()
    receive(known)
    conflicting = replace(first, kwh=Decimal(99))
    unreadable = CdrMessageFactory(currency="XXQ")
    new = [message_of_known() for _ in range(20)]
    with django_assert_max_num_queries(45):
        arrivals = receive_cdrs(
            messages=[first, first, conflicting, known, unreadable, *new], source="IMPORT", now=NOW
        )
    assert [arrival.created for arrival in arrivals[:5]] == [True, False, False, False, False]
    assert arrivals[1].cdr == arrivals[0].cdr
    assert isinstance(arrivals[2].error, CdrConflicting)
    assert isinstance(arrivals[4].error, UnknownCurrency)
    assert all(arrival.created for arrival in arrivals[5:])
    assert CdrConflict.objects.count() == 1


def test_listener_hears_of_a_new_cdr_inside_the_transaction_and_not_of_a_repetition():
    class Listener:
        heard = []

        def cdr_arrived(self, cdr, *, now):
            assert connection.in_atomic_block
            self.heard.append(cdr.cdr_id)

        def session_arrived(self, session, *, now):
            raise AssertionError("no session came")

    listener = Listener()
    register_listener(listener)
    try:
        message = message_of_known()
        receive(message)
        receive(message)
    finally:
        unregister_listener(listener)
    assert listener.heard == [message.cdr_id]


@pytest.mark.django_db(transaction=True)
def test_the_same_cdr_posted_by_many_at_once_is_stored_once():
    message = message_of_known()

    def post(_):
        try:
            with acting(Actor.job("partner")):
                return receive(message).created
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(post, range(8)))
    assert sorted(created) == [False] * 7 + [True]
    assert CDR.objects.count() == 1
    assert Event.objects.filter(type="cdr.created").count() == 1


@pytest.mark.django_db(transaction=True)
def test_conflict_stays_although_its_post_was_refused():
    message = message_of_known()
    receive(message)
    with pytest.raises(CdrConflicting):
        receive(replace(message, kwh=Decimal(1)))
    assert CdrConflict.objects.count() == 1
    assert not transaction.get_connection().in_atomic_block
