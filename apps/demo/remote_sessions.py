"""Remote sessions of the demo: a paid one, one above its blocked amount, a declined card, one whose
CDR is awaited; told by an operator that answers at once, on the days before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from apps.accounts.models import Token
from apps.cdrs.messages import CdrMessage, Price, SessionMessage
from apps.cdrs.models import CDR, ChargingSession
from apps.cdrs.services import receive_cdr, receive_session
from apps.demo.providers import AMPERE, customers
from apps.locations.models import Evse, Operator
from apps.payments.psp import PspStatus, Snapshot
from apps.payments.sandbox_psp import DECLINED_METHOD
from apps.payments.services import receive_message, settle_due_payments
from apps.payments.services.messages import IncomingMessage
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import (
    CommandResponse,
    CommandResult,
    StartOrder,
    StopOrder,
    register_gateway,
    unregister_gateway,
)
from apps.remote_sessions.services import (
    Preauthorization,
    record_command_result,
    request_start,
    request_stop,
    set_error,
)
from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.states import Reason

CARD: Final = "sandbox_card"
_GROSS: Final = 1 + Decimal(catalogue.VAT_PERCENT) / 100


class _Accepting:
    """An operator that accepts each command; its results are told by hand."""

    def __init__(self) -> None:
        self.secrets: dict[object, str] = {}

    def serves(self, operator: Operator) -> bool:
        return True

    def send_start(self, order: StartOrder) -> CommandResponse:
        return self._accept(order)

    def send_stop(self, order: StopOrder) -> CommandResponse:
        return self._accept(order)

    def _accept(self, order: StartOrder | StopOrder) -> CommandResponse:
        self.secrets[order.command_id] = order.callback_secret
        return CommandResponse("ACCEPTED", timeout_seconds=30)


@contextmanager
def _accepting() -> Iterator[_Accepting]:
    operator = _Accepting()
    register_gateway(operator)
    try:
        yield operator
    finally:
        unregister_gateway(operator)


@dataclass(slots=True)
class _Story:
    """One charge of a driver at a simulated station; `now` moves as it is told."""

    operator: _Accepting
    token: Token
    evse: Evse
    now: datetime
    remote_session: RemoteSession | None = None
    began: datetime | None = None

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def start(self, *, blocked: int, card: str = CARD) -> None:
        self.remote_session = request_start(
            provider=self.token.account.provider, token=self.token, evse=self.evse, now=self.now,
            preauthorization=Preauthorization(Decimal(blocked), "EUR", card),
        ).remote_session  # fmt: skip

    def result(self, kind: Command.Kind) -> None:
        command = self.known.commands.get(kind=kind)
        record_command_result(
            command_id=command.pk, secret=self.operator.secrets[command.pk],
            result=CommandResult("ACCEPTED"), now=self.now,
        )  # fmt: skip

    def stop(self) -> None:
        request_stop(remote_session_id=self.known.pk, by=RemoteSession.StopBy.DRIVER, now=self.now)

    def session(self, kwh: str, *, ended: bool = False) -> None:
        self.began = self.began or self.now
        status = ChargingSession.Status
        message = SessionMessage(
            **self._charge(kwh), status=status.COMPLETED if ended else status.ACTIVE,
            last_updated=self.now, ended_at=self.now if ended else None,
        )  # fmt: skip
        receive_session(message=message, source=CDR.Source.OCPI, now=self.now)

    def cdr(self, kwh: str) -> None:
        place = self.evse.location
        message = CdrMessage(
            **self._charge(kwh), cdr_id=f"CDR-{self._name}", ended_at=self.now,
            location_name=place.name, location_country=place.country,
            location_postcode=place.postcode, location_time_zone=place.time_zone,
        )  # fmt: skip
        receive_cdr(message=message, source=CDR.Source.OCPI, now=self.now)
        settle_due_payments(now=self.now)

    @property
    def known(self) -> RemoteSession:
        assert self.remote_session is not None  # noqa: S101 - a story begins with its start
        return self.remote_session

    @property
    def _name(self) -> str:
        return f"DEMO-{self.known.authorization_reference[:8]}"

    def _charge(self, kwh: str) -> dict[str, Any]:
        net = Decimal(kwh) * Decimal(catalogue.PRICES[catalogue.REGULAR])
        cost = Price(net, (net * _GROSS).quantize(Decimal("0.0001")))
        return {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
            "session_id": self._name, "started_at": self.began, "currency": "EUR",
            "kwh": Decimal(kwh), "total_cost": cost,
            "contract_id": self.token.contract_id, "token_uid": self.token.uid,
            "location_id": self.evse.location.location_id, "evse_uid": self.evse.uid,
            "evse_id": self.evse.evse_id, "connector_id": "1",
            "authorization_reference": self.known.authorization_reference,
        }  # fmt: skip


def seed_remote_sessions(*, now: datetime) -> None:
    """Four stories and a payment message that fits none; nothing when there are some already."""
    if RemoteSession.objects.exists():
        return
    names = [
        c.contract_id for c in customers(AMPERE) if not c.is_business and c.town.country == "NL"
    ]
    tokens = Token.objects.filter(contract_id__in=names, is_valid=True).select_related(
        "account__provider"
    )
    evses = Evse.objects.filter(evse_id__startswith="NL*SIM").select_related("location__operator")
    people, points = list(tokens.order_by("contract_id")[:4]), list(evses.order_by("evse_id")[:4])
    stories = zip(_STORIES, people, points, strict=True)
    with _accepting() as operator:
        for (tell, ago), token, evse in stories:
            tell(_Story(operator, token, evse, now - ago))
    _receive_stray_message(now)


def _paid(story: _Story) -> None:
    story.start(blocked=50)
    story.wait(seconds=4)
    story.result(Command.Kind.START)
    story.wait(seconds=6)
    story.session("0.1")
    story.wait(minutes=38)
    story.session("13.9")
    story.stop()
    story.wait(seconds=5)
    story.result(Command.Kind.STOP)
    story.session("14.2", ended=True)
    story.wait(minutes=2)
    story.cdr("14.2")


def _above_its_amount(story: _Story) -> None:
    story.start(blocked=15)
    story.wait(seconds=9)
    story.session("0.2")
    story.wait(hours=3)
    story.session("41.0", ended=True)
    story.wait(hours=8)
    story.cdr("41.0")


def _declined(story: _Story) -> None:
    story.start(blocked=50, card=DECLINED_METHOD)


def _cdr_awaited(story: _Story) -> None:
    story.start(blocked=40)
    story.wait(seconds=8)
    story.session("0.1")
    story.wait(minutes=50)
    story.stop()
    story.wait(minutes=11)
    set_error(
        remote_session_id=story.known.pk, reason=Reason.STOP_NOT_CONFIRMED,
        message="No completed session within 10 minutes of the stop.", now=story.now,
    )  # fmt: skip


_STORIES: Final = (
    (_above_its_amount, timedelta(days=3, hours=5)),
    (_paid, timedelta(days=1, hours=2)),
    (_declined, timedelta(hours=7)),
    (_cdr_awaited, timedelta(hours=4)),
)


def _receive_stray_message(now: datetime) -> None:
    """A payment that was captured at the PSP and that we know nothing of."""
    body = '{"type": "payment_intent.succeeded", "data": {"object": {"id": "pi_demo_stray"}}}'
    snapshot = Snapshot("pi_demo_stray", PspStatus.CAPTURED, captured=Decimal("18.40"))
    receive_message(
        message=IncomingMessage(
            psp="stripe", event_id="evt_demo_stray", type="payment_intent.succeeded",
            snapshot=snapshot, reference="", body=body,
        ),
        now=now - timedelta(hours=5),
    )  # fmt: skip
