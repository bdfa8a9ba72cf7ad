"""Any order of commands, results, sessions, CDRs, duplicates, delays and job runs ends well."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from apps.cdrs.messages import Price
from apps.cdrs.models import CDR
from apps.events.models import Event
from apps.payments.models import SandboxPayment
from apps.remote_sessions.models import RemoteSession, TimelineEntry
from apps.remote_sessions.operators import AnswerLost, CommandResponse, NotDelivered
from apps.remote_sessions.services.stop import RemoteSessionEnded, StopPointless
from apps.remote_sessions.states import TRANSITIONS, State
from tests.accounts.factories import TokenFactory
from tests.payments.factories import adds_up
from tests.remote_sessions.factories import World, end_world, make_world

ANSWERS = [
    CommandResponse("ACCEPTED", 30), CommandResponse("REJECTED", 30),
    CommandResponse("UNKNOWN_SESSION", 30), AnswerLost("lost"), NotDelivered("no connection"),
]  # fmt: skip
GROSS = Decimal("1.21")


class Charges(RuleBasedStateMachine):
    """Several drivers, one operator with a will of its own, and a clock."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make_world()
        self.totals: dict[object, Decimal] = {}
        self.second_totals: dict[object, Decimal] = {}
        self.beside: set[object] = set()

    def teardown(self) -> None:
        self.everything_ends_well()
        end_world(self.world)

    @rule(target=sessions, answer=st.sampled_from(ANSWERS), blocked=st.sampled_from(["10", "50"]))
    def start(self, answer, blocked):
        self.world.token = TokenFactory(account=self.world.token.account)
        self.world.operator_says.answers = [answer]
        return self.world.start(blocked=blocked).pk

    @rule(pk=sessions, result=st.sampled_from(["ACCEPTED", "REJECTED", "TIMEOUT"]))
    def result_comes(self, pk, result):
        session = RemoteSession.objects.get(pk=pk)
        for order in self.world.operator_says.starts:
            if order.authorization_reference == session.authorization_reference:
                self.world.result(order, result)

    @rule(
        pk=sessions,
        status=st.sampled_from(["PENDING", "ACTIVE", "COMPLETED", "INVALID"]),
        cost=st.integers(0, 60),
        late=st.integers(-30, 0),
    )
    def session_comes(self, pk, status, cost, late):
        session = RemoteSession.objects.get(pk=pk)
        ended = self.world.now if status == "COMPLETED" else None
        self.world.send_session(
            session, session_id=f"S-{pk}", status=status, ended_at=ended,
            total_cost=Price(Decimal(cost)), started_at=session.requested_at,
            last_updated=self.world.now + timedelta(minutes=late),
            contract_id=session.token.contract_id, token_uid=session.token.uid,
        )  # fmt: skip

    @rule(pk=sessions, cost=st.integers(0, 60))
    def cdr_comes(self, pk, cost):
        """Once with this content; again it is a duplicate."""
        cost = self.totals.setdefault(pk, Decimal(cost))
        session = RemoteSession.objects.get(pk=pk)
        self.world.send_cdr(
            session, cdr_id=f"C-{pk}", session_id=f"S-{pk}", total_cost=Price(cost),
            started_at=session.requested_at, ended_at=session.requested_at,
            contract_id=session.token.contract_id, token_uid=session.token.uid,
        )  # fmt: skip

    @rule(pk=sessions, cost=st.integers(0, 60))
    def a_second_cdr_comes(self, pk, cost):
        """Of a charge that has one: never captured, and never the CDR of anybody."""
        session = RemoteSession.objects.get(pk=pk)
        if session.cdr_id is None:
            return
        cost = self.second_totals.setdefault(pk, Decimal(cost))
        second = self.world.send_cdr(
            session, cdr_id=f"C-{pk}-2", session_id=f"S-{pk}", total_cost=Price(cost),
            started_at=session.requested_at, ended_at=session.requested_at,
            contract_id=session.token.contract_id, token_uid=session.token.uid,
        )  # fmt: skip
        self.beside.add(second.pk)

    @rule(pk=sessions)
    def a_credit_of_a_paid_charge_comes(self, pk):
        """Put before a person: what was captured stays captured."""
        session = RemoteSession.objects.get(pk=pk)
        if session.settlement != RemoteSession.Settlement.DONE or session.cdr_id is None:
            return
        credit = self.world.send_cdr(
            session, cdr_id=f"C-{pk}-CREDIT", session_id=f"S-{pk}", is_credit=True,
            credit_reference_id=f"C-{pk}", total_cost=Price(-self.totals[pk]),
            started_at=session.requested_at, ended_at=session.requested_at,
            contract_id=session.token.contract_id, token_uid=session.token.uid,
        )  # fmt: skip
        self.beside.add(credit.pk)

    @rule(pk=sessions)
    def stop(self, pk):
        with suppress(RemoteSessionEnded, StopPointless):
            self.world.stop(RemoteSession.objects.get(pk=pk))

    @rule(minutes=st.sampled_from([1, 5, 11, 61, 4400, 9000]))
    def time_passes(self, minutes):
        self.world.wait(minutes=minutes)

    @rule()
    def job_runs(self):
        assert "SET_ASIDE" not in self.world.job()

    @invariant()
    def every_move_was_legal(self):
        for entry in TimelineEntry.objects.filter(kind="STATE"):
            assert entry.data["target"] in TRANSITIONS[entry.data["source"]]

    @invariant()
    def each_cdr_belongs_to_one_session(self):
        for cdr in CDR.objects.all():
            is_beside = cdr.pk in self.beside
            assert RemoteSession.objects.filter(cdr=cdr).count() == (0 if is_beside else 1)
            assert cdr.is_held or not is_beside

    @invariant()
    def the_ledger_adds_up(self):
        for session in RemoteSession.objects.select_related("payment"):
            assert adds_up(session.payment), session.payment.state

    @invariant()
    def nothing_is_captured_twice(self):
        assert not SandboxPayment.objects.filter(captures__gt=1).exists()

    def everything_ends_well(self):
        for _ in range(3):
            self.world.job()
            self.world.wait(minutes=9000)
        self.world.job()
        for session in RemoteSession.objects.select_related("payment"):
            assert session.state in {State.COMPLETED, State.CANCELLED, State.ERROR}
            self.money_is_right(session)
            moves = Event.objects.of(session).filter(type__contains=".status.").count()
            assert moves == session.timeline.filter(kind="STATE").count()

    def money_is_right(self, session):
        payment = session.payment
        if session.cdr_id is None:
            assert payment.captured_amount == 0
            assert payment.state == "RELEASED"
            return
        total = self.totals[session.pk] * GROSS
        assert payment.captured_amount + payment.owed_amount == total
        assert payment.captured_amount in {min(total, payment.authorized_amount), 0}
        if payment.captured_amount == 0 and total:
            assert payment.state == "RELEASED"


@pytest.mark.django_db
def test_any_order_of_everything_ends_in_a_legal_state_with_the_money_right():
    from django.db import transaction

    class Charging(Charges):
        """Each example in a transaction of its own, rolled back at the end."""

        def __init__(self) -> None:
            self.block = transaction.atomic()
            self.block._from_testcase = True
            self.block.__enter__()
            super().__init__()

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                transaction.set_rollback(True)
                self.block.__exit__(None, None, None)

    run_state_machine_as_test(
        Charging,
        settings=settings(
            max_examples=8, stateful_step_count=18, deadline=None,
            # A failing example is not shrunk: that would take longer than a test may.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
