"""The job reads those that can change, and all of them."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from apps.cdrs.messages import Price
from apps.cdrs.models import ChargingSession
from apps.core.inserting import insert_many
from apps.payments.models import Payment
from apps.remote_sessions.decision import NOTHING, decide
from apps.remote_sessions.job.picking import pick
from apps.remote_sessions.job.reading import facts_of
from apps.remote_sessions.job.rules import current_rules
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.locking import RELATED
from apps.remote_sessions.services.running_charges import RunningCharges
from apps.remote_sessions.states import State
from tests.accounts.factories import TokenFactory
from tests.locations.factories import EvseFactory
from tests.remote_sessions.factories import NOW, fresh

STATES = [State.PENDING, State.STARTING, State.ACTIVE, State.STOPPING, State.ERROR]
SESSIONS = [None, "PENDING", "ACTIVE", "COMPLETED", "INVALID", "DELETED"]
COSTS = [
    {}, {"total_cost_incl_vat": 49}, {"total_cost_excl_vat": 40}, {"total_cost_incl_vat": 40},
]  # fmt: skip
AGES = [timedelta(0), timedelta(minutes=11), timedelta(days=4)]


def picked() -> set:
    rows = pick(current_rules(), RunningCharges(now=NOW), now=NOW)
    return set(rows.values_list("pk", flat=True))


def changing() -> set:
    """What the table of decisions says of each, one by one."""
    rules, charges = current_rules(), RunningCharges(now=NOW)
    rows = RemoteSession.objects.watched().select_related(*RELATED, "provider")
    return {
        row.pk for row in rows if decide(facts_of(row, charges), rules=rules, now=NOW) != NOTHING
    }


@pytest.fixture
def every_kind(db):
    """A remote session of each state, session, cost and age, with and without blocked money."""
    token, evse = TokenFactory(), EvseFactory()
    token.account.provider.retail_price_per_kwh = Decimal("0.30")
    token.account.provider.save()
    made: list[tuple] = []
    for number, kind in enumerate(product(STATES, SESSIONS, COSTS, AGES, [True, False])):
        made.append(make(number, token, evse, *kind))
    for rows in zip(*made, strict=True):
        insert_many([row for row in rows if row is not None])


def make(number, token, evse, state, status, cost, age, is_paid) -> tuple:
    """Token, session, payment and remote session."""
    at, account = NOW - age, token.account
    own = TokenFactory.build(account=account)
    session = payment = None
    if status:
        deleted = NOW if status == "DELETED" else None
        session = ChargingSession(
            country_code="NL", party_id="EFL", session_id=f"S-{number}", source="OCPI",
            status="ACTIVE" if deleted else status, deleted_at=deleted, currency="EUR",
            started_at=at, last_updated=at, kwh=10, **cost,
        )  # fmt: skip
    if is_paid:
        payment = Payment(
            provider=account.provider, reference=f"P-{number}", psp="sandbox", currency="EUR",
            authorized_amount=50, state="PREAUTH_ACCEPTED", state_changed_at=at,
        )  # fmt: skip
    row = RemoteSession(
        provider=account.provider, account=account, token=own, evse=evse,
        operator=evse.location.operator, location=evse.location, state=state, message="x",
        state_changed_at=at, requested_at=at, session=session, payment=payment,
        authorization_reference=f"{number:032X}",
    )  # fmt: skip
    return own, session, payment, row


@pytest.mark.breaks_trail
@pytest.mark.usefixtures("every_kind")
def test_all_that_would_change_are_read_and_not_all_that_are_open():
    changes, read = changing(), picked()

    assert changes <= read
    assert len(changes) > 100
    assert len(read) < RemoteSession.objects.watched().count()


@pytest.mark.breaks_trail
@pytest.mark.usefixtures("every_kind")
def test_all_that_wait_for_a_session_or_a_cdr_are_read():
    runs = {"session__status": "ACTIVE", "session__deleted_at": None}
    waiting = RemoteSession.objects.watched().exclude(state="ACTIVE", **runs)

    assert set(waiting.values_list("pk", flat=True)) <= picked()


def test_a_charge_below_its_limit_is_not_read(world):
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, total_cost=Price(Decimal(20)), kwh=Decimal(30))
    assert picked() == set()

    world.wait(minutes=1)
    world.send_session(remote_session, total_cost=Price(Decimal(45)), kwh=Decimal(60))

    assert picked() == {fresh(remote_session).pk}


def test_what_was_open_and_what_was_read_are_counted_apart(world):
    world.active()

    counts = world.job()

    assert counts["OPEN"] == 1
    assert "LOOKED_AT" not in counts
