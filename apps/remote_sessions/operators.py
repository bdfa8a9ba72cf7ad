"""The way to an operator: what we ask, what it answers, and who carries it (a gateway).

A floor above implements `OperatorGateway` (over OCPI, say) and registers it in its
AppConfig.ready(). A gateway makes the callback address of a command from `command_id` and
`callback_secret`, and its door hands what arrives there to `services.record_command_result`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from apps.core.errors import DomainError
from apps.locations.models import Operator


class Answer(StrEnum):
    """What an operator says at once (OCPI 2.2.1 CommandResponseType)."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class Result(StrEnum):
    """What the station says later (OCPI 2.2.1 CommandResultType)."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


@dataclass(frozen=True, slots=True)
class StartOrder:
    """START_SESSION at one EVSE. `authorization_reference` fits OCPI's 36 characters."""

    command_id: UUID
    callback_secret: str
    operator_id: UUID
    operator_party: str
    provider_id: UUID
    token_uid: str
    token_kind: str
    contract_id: str
    visual_number: str
    location_id: str
    evse_uid: str
    evse_id: str
    connector_id: str
    authorization_reference: str
    answer_seconds: int


@dataclass(frozen=True, slots=True)
class StopOrder:
    """STOP_SESSION of the session that the operator calls `session_id`."""

    command_id: UUID
    callback_secret: str
    operator_id: UUID
    operator_party: str
    provider_id: UUID
    session_id: str
    answer_seconds: int


@dataclass(frozen=True, slots=True)
class CommandResponse:
    """The operator's answer. `timeout_seconds`: when the result is due; None: it did not say.

    Ids are filled by those hubs that give them back with the answer.
    """

    answer: str
    timeout_seconds: int | None = None
    message: str = ""
    session_id: str = ""
    authorization_reference: str = ""
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The station's result, as it reached the callback address."""

    result: str
    message: str = ""
    session_id: str = ""
    authorization_reference: str = ""


class NotDelivered(DomainError):
    """The command certainly did not reach the operator (no connection, refused before sending)."""

    code = "COMMAND_NOT_DELIVERED"
    http_status = 502


class AnswerLost(DomainError):
    """The command may have reached the operator, but its answer can't be known."""

    code = "COMMAND_ANSWER_LOST"
    http_status = 504


class OperatorNotConnected(DomainError):
    """Nobody carries commands to this operator."""

    code = "OPERATOR_NOT_CONNECTED"


class OperatorGateway(Protocol):
    """Carries commands; each is sent once, at once, outside of any transaction.

    Raises NotDelivered or AnswerLost; an answer that is no OCPI is AnswerLost.
    """

    def serves(self, operator: Operator) -> bool: ...

    def send_start(self, order: StartOrder) -> CommandResponse: ...

    def send_stop(self, order: StopOrder) -> CommandResponse: ...


_gateways: list[OperatorGateway] = []


def register_gateway(gateway: OperatorGateway) -> None:
    """The gateway registered last is asked first."""
    _gateways.insert(0, gateway)


def unregister_gateway(gateway: OperatorGateway) -> None:
    """Forget a gateway."""
    _gateways.remove(gateway)


def gateway_for(operator: Operator) -> OperatorGateway:
    """Raises OperatorNotConnected."""
    for gateway in _gateways:
        if gateway.serves(operator):
            return gateway
    raise OperatorNotConnected(
        f"{operator} can't be reached by remote commands.", operator=operator.party
    )
