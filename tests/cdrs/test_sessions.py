"""Live sessions, as operators really send them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.cdrs.form import CdrUnreadable, EndBeforeStart
from apps.cdrs.models import ChargingSession
from apps.cdrs.services import SessionUnknown, patch_session, receive_session
from apps.cdrs.services.sessions import message_of
from apps.events.models import Event
from tests.accounts.factories import TokenFactory
from tests.cdrs.factories import NOW, START, SessionMessageFactory

pytestmark = pytest.mark.django_db

LATER = START + timedelta(minutes=10)


def receive(message):
    return receive_session(message=message, source="OCPI", now=NOW)


def types():
    return list(Event.objects.order_by("sequence").values_list("type", flat=True))


def test_session_starts_goes_on_and_ends():
    first = SessionMessageFactory()
    assert receive(first).created
    receive(replace(first, kwh=Decimal(5), last_updated=LATER))
    end = receive(
        replace(first, kwh=Decimal(7), status="COMPLETED", last_updated=NOW, ended_at=NOW)
    )
    assert end.session.kwh == 7
    assert ChargingSession.objects.get().status == "COMPLETED"
    assert types() == ["session.started", "session.updated", "session.ended"]


def test_session_that_comes_in_ended_is_told_as_both():
    receive(SessionMessageFactory(status="COMPLETED", ended_at=NOW))
    assert types() == ["session.started", "session.ended"]


def test_older_message_is_ignored():
    first = SessionMessageFactory(last_updated=LATER)
    receive(first)
    receipt = receive(replace(first, kwh=Decimal(99), last_updated=START))
    assert not receipt.changed
    assert ChargingSession.objects.get().kwh == Decimal("1.5")


def test_ended_session_is_not_reopened():
    first = SessionMessageFactory(status="COMPLETED", ended_at=LATER)
    receive(first)
    receipt = receive(replace(first, status="ACTIVE", last_updated=NOW))
    assert not receipt.changed
    assert ChargingSession.objects.get().status == "COMPLETED"


def test_same_message_again_writes_nothing():
    message = SessionMessageFactory()
    receive(message)
    entries = Entry.objects.count()
    assert not receive(replace(message, raw="other spaces")).changed
    assert Entry.objects.count() == entries


def test_link_that_was_found_is_not_lost():
    token = TokenFactory()
    first = SessionMessageFactory(contract_id=token.contract_id)
    receive(first)
    receive(replace(first, contract_id="", kwh=Decimal(3), last_updated=LATER))
    session = ChargingSession.objects.get()
    assert (session.token, session.provider) == (token, token.account.provider)


def test_patch_appends_periods_and_keeps_the_rest():
    first = SessionMessageFactory(charging_periods=[{"start_date_time": "a"}])
    receive(first)
    patch_session(
        country_code="nl", party_id="EFL", session_id=first.session_id, now=NOW,
        changes={"last_updated": LATER, "kwh": Decimal(2),
                 "charging_periods": [{"start_date_time": "b", "volume": Decimal("0.10")}]},
    )  # fmt: skip
    session = ChargingSession.objects.get()
    assert session.kwh == 2
    assert session.contract_id == first.contract_id
    assert session.charging_periods == [
        {"start_date_time": "a"}, {"start_date_time": "b", "volume": "0.10"}]  # fmt: skip


def test_patch_of_an_unknown_session_is_refused():
    with pytest.raises(SessionUnknown):
        patch_session(country_code="NL", party_id="EFL", session_id="none", changes={}, now=NOW)


def test_session_as_a_message_changes_nothing():
    session = receive(SessionMessageFactory(charging_periods=[{"start_date_time": "a"}])).session
    assert not receive(message_of(session)).changed


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": "CHARGING"}, CdrUnreadable),
        ({"session_id": ""}, CdrUnreadable),
        ({"ended_at": START - timedelta(1)}, EndBeforeStart),
        ({"last_updated": START.replace(tzinfo=None)}, CdrUnreadable),
    ],
)
def test_unreadable_session_is_refused(fields, error):
    with pytest.raises(error):
        receive(SessionMessageFactory(**fields))
    assert ChargingSession.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_same_session_from_many_at_once_is_stored_once():
    message = SessionMessageFactory()

    def push(_):
        try:
            with acting(Actor.job("partner")):
                return receive(message).created
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(push, range(8)))
    assert created.count(True) == 1
    assert ChargingSession.objects.count() == 1
