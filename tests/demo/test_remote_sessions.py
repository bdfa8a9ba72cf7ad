"""The remote sessions of the demo, and the queue of payment messages."""

import json
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.accounts.models import Token
from apps.cdrs.services import receive_cdr
from apps.demo.book import seed_book
from apps.demo.parties import seed_parties
from apps.demo.remote_sessions import seed_remote_sessions
from apps.locations.models import Evse
from apps.payments.models import PspMessage
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.simulated.reading import read_cdr
from apps.remote_sessions.simulated.stations import add_simulated_stations
from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.charge import Charge
from apps.remote_sessions.simulator.operator import Config
from apps.remote_sessions.telling import tell
from tests.payments.factories import adds_up

NOW = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def demo(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    seed_parties()
    add_simulated_stations()
    seed_remote_sessions(now=NOW)


@pytest.mark.usefixtures("demo")
def test_the_lists_show_what_can_become_of_a_charge_and_of_its_money():
    rows = RemoteSession.objects.select_related("payment")

    assert Counter(row.state for row in rows) == {"COMPLETED": 2, "CANCELLED": 1, "ERROR": 1}
    assert Counter(row.payment.state for row in rows) == {
        "CAPTURED": 2, "PREAUTH_FAILED": 1, "PREAUTH_ACCEPTED": 1,
    }  # fmt: skip
    assert all(adds_up(row.payment) for row in rows)
    assert rows.filter(payment__owed_amount__gt=0).count() == 1
    assert PspMessage.objects.get().state == PspMessage.State.UNMATCHED


@pytest.mark.usefixtures("demo")
def test_the_paid_charge_reads_like_a_story():
    paid = RemoteSession.objects.get(state="COMPLETED", payment__owed_amount=0)

    lines = [line.text for line in tell(paid)]

    assert lines[-1].startswith("Captured: EUR 6.01 taken")
    assert paid.payment.captured_amount == Decimal("6.01")
    assert "Stopping → Completed" in lines


@pytest.mark.usefixtures("demo")
def test_a_second_run_adds_nothing():
    seed_remote_sessions(now=NOW)

    assert RemoteSession.objects.count() == 4


@pytest.mark.usefixtures("demo")
def test_a_charge_at_the_simulated_operator_is_not_odd_to_the_rules_of_the_demo():
    seed_book(now=NOW)
    token, evse = Token.objects.first(), Evse.objects.get(evse_id=catalogue.evse_id("C1"))
    begin = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
    speed = next(each.default for each in fields(Config) if each.name == "kwh_per_second")
    charge = Charge(
        id="S-1", authorization_reference=None, location=catalogue.LOCATIONS[0], evse="C1",
        token={"country_code": "NL", "party_id": "AMP", "uid": token.uid, "type": "RFID",
               "contract_id": token.contract_id},
        connector_id="1", kwh_per_second=speed, started_at=begin,
        ended_at=begin + timedelta(seconds=40),
    )  # fmt: skip
    assert evse.connectors.get().max_power_watt == catalogue.MAX_POWER_WATT

    content = json.loads(json.dumps(charge.cdr()), parse_float=Decimal)
    cdr = receive_cdr(message=read_cdr(content, raw="{}"), source="OCPI", now=NOW).cdr

    assert cdr.hold_reasons == []
