"""A driver, a station of another company, an operator that answers as told, and a clock to move."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from apps.accounts.models import Token
from apps.cdrs import services as cdrs
from apps.cdrs.messages import CdrMessage, Price, SessionMessage
from apps.cdrs.models import CDR
from apps.events.relay import relay_pending
from apps.locations.models import Evse, Operator
from apps.payments.services import settle_due_payments
from apps.remote_sessions import operators, services
from apps.remote_sessions.job.runner import run
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import CommandResponse, CommandResult
from apps.remote_sessions.services import Preauthorization
from tests.accounts.factories import AccountFactory, TokenFactory, VatRegistrationFactory
from tests.locations.factories import EvseFactory, LocationFactory, OperatorFactory

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class ScriptedOperator:
    """Answers each command with the next of `answers` (an error is raised), then ACCEPTED."""

    def __init__(self) -> None:
        self.answers: list[CommandResponse | BaseException] = []
        self.starts: list[operators.StartOrder] = []
        self.stops: list[operators.StopOrder] = []
        self.saw_transaction = False

    def serves(self, operator: Operator) -> bool:
        return True

    def send_start(self, order):
        self.starts.append(order)
        return self._answer()

    def send_stop(self, order):
        self.stops.append(order)
        return self._answer()

    def _answer(self) -> CommandResponse:
        self.saw_transaction |= connection.in_atomic_block
        answer = self.answers.pop(0) if self.answers else CommandResponse("ACCEPTED", 30)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class World:
    """Everything a story needs; `now` moves only when the story says so."""

    operator_says: ScriptedOperator
    evse: Evse = field(default_factory=lambda: EvseFactory())
    token: Token = field(default_factory=lambda: private_token())
    now: datetime = NOW

    @property
    def provider(self):
        return self.token.account.provider

    @property
    def operator(self) -> Operator:
        return self.evse.location.operator

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def start(self, *, blocked: str | None = None, **fields) -> RemoteSession:
        """Ask for a start; `blocked` is the amount to pre-authorize in EUR."""
        if blocked:
            fields["preauthorization"] = Preauthorization(Decimal(blocked), "EUR", "sandbox_card")
        wish = {"provider": self.provider, "token": self.token, "evse": self.evse, **fields}
        return services.request_start(now=self.now, **wish).remote_session

    def active(self, **fields) -> RemoteSession:
        """One whose session came."""
        remote_session = self.start(**fields)
        self.send_session(remote_session)
        return fresh(remote_session)

    def stop(self, remote_session: RemoteSession, by: str = "DRIVER") -> RemoteSession:
        who = RemoteSession.StopBy(by)
        return services.request_stop(
            remote_session_id=remote_session.pk, by=who, now=self.now, reason="enough"
        )

    def session_message(self, remote_session: RemoteSession | None, **fields) -> SessionMessage:
        reference = remote_session.authorization_reference if remote_session else ""
        wanted = {
            **self._charge(), "session_id": "S-1", "status": "ACTIVE", "last_updated": self.now,
            "authorization_reference": reference, **fields,
        }  # fmt: skip
        return SessionMessage(**wanted)

    def send_session(self, remote_session: RemoteSession | None = None, **fields):
        message = self.session_message(remote_session, **fields)
        return cdrs.receive_session(message=message, source="OCPI", now=self.now).session

    def send_cdr(self, remote_session: RemoteSession | None = None, **fields):
        reference = remote_session.authorization_reference if remote_session else ""
        wanted = {
            **self._charge(), "cdr_id": "C-1", "ended_at": self.now, "kwh": Decimal(10),
            "session_id": "S-1", "authorization_reference": reference,
            "total_cost": Price(Decimal("10.00")), "location_country": "NL", **fields,
        }  # fmt: skip
        return cdrs.receive_cdr(message=CdrMessage(**wanted), source="OCPI", now=self.now).cdr

    def _charge(self) -> dict:
        return {
            "country_code": self.operator.country_code, "party_id": self.operator.party_id,
            "started_at": self.now, "currency": "EUR", "kwh": Decimal(1),
            "contract_id": self.token.contract_id, "token_uid": self.token.uid,
            "location_id": self.evse.location.location_id, "evse_uid": self.evse.uid,
            "evse_id": self.evse.evse_id,
        }  # fmt: skip

    def result(self, order, result: str, **fields) -> None:
        services.record_command_result(
            command_id=order.command_id, secret=order.callback_secret,
            result=CommandResult(result, **fields), now=self.now,
        )  # fmt: skip

    def job(self) -> dict[str, int]:
        """One run of the minute job, with what workers do after it."""
        log = run(now=self.now)
        assert log is not None
        self.work()
        return log.counts

    def hear_events(self) -> None:
        """What the relay does, which goes by the real clock; and what workers do after it."""
        relay_pending(now=self.now)
        self.now = timezone.now()
        self.work()

    def work(self) -> None:
        """What the workers do: send commands that were left to them, ask the PSP."""
        for command in Command.objects.filter(state=Command.State.CREATED):
            services.send_command(command_id=command.pk, now=self.now)
        settle_due_payments(now=self.now)


def private_token() -> Token:
    """Of a private driver of a Dutch provider that is registered there."""
    account = AccountFactory(provider__country="NL", country="NL")
    VatRegistrationFactory(provider=account.provider)
    return TokenFactory(account=account)


def make_world(**fields) -> World:
    operator = ScriptedOperator()
    operators.register_gateway(operator)
    return World(operator_says=operator, **fields)


def end_world(world: World) -> None:
    operators.unregister_gateway(world.operator_says)


def silent_operator() -> Evse:
    """A station of an operator that sends no CDRs."""
    return EvseFactory(location=LocationFactory(operator=OperatorFactory(sends_cdrs=False)))


def held_back(world: World) -> RemoteSession:
    """Completed, of 12.10 in all, but not captured: nobody knows the country of the station."""
    world.evse.location.country = ""
    world.evse.location.save()
    remote_session = world.active(blocked="50")
    world.send_cdr(remote_session, location_country="")
    world.work()
    return fresh(remote_session)


def mend(remote_session: RemoteSession) -> None:
    """What it waits for becomes known."""
    cdr = CDR.objects.get(pk=remote_session.cdr_id)
    cdr.location_country = "NL"
    CDR.objects.bulk_update([cdr], ["location_country"])


def fresh(remote_session: RemoteSession) -> RemoteSession:
    return RemoteSession.objects.select_related("payment", "session", "cdr").get(
        pk=remote_session.pk
    )


def story(remote_session: RemoteSession) -> list[str]:
    return list(remote_session.timeline.order_by("id").values_list("text", flat=True))
