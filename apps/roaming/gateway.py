"""Remote sessions over OCPI: starts and stops go to the peer that leads to the operator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from apps.core.errors import DomainError
from apps.locations.models import Operator
from apps.remote_sessions import operators
from apps.remote_sessions.operators import CommandResponse, CommandResult, StartOrder, StopOrder
from apps.remote_sessions.services import record_command_result
from apps.roaming.client.calls import AnswerLost
from apps.roaming.models import Peer, SentCommand
from apps.roaming.ocpi.commands import Command, Place, Reply, write_start, write_stop
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import TokenMessage, Written
from apps.roaming.services.commands import Order, send_command
from apps.roaming.services.operators import peer_of
from apps.roaming.services.tokens import Owners, find_token


class OcpiGateway:
    """Implements `remote_sessions.operators.OperatorGateway`."""

    def serves(self, operator: Operator) -> bool:
        peer = peer_of(PartyRef.of(operator.country_code, operator.party_id))
        return peer is not None and peer.endpoint("commands", "RECEIVER") is not None

    def send_start(self, order: StartOrder) -> CommandResponse:
        """Raises NotDelivered, AnswerLost."""
        receiver, peer = _way_to(order.operator_party)
        token = _token(peer, order)
        place = Place(order.location_id, order.evse_uid, order.connector_id)
        if peer.behaviour.evse_needed_on_start and not order.evse_uid:
            raise operators.NotDelivered(f"{peer} starts no session without an EVSE.")

        def write(url: str) -> Written:
            return write_start(
                token=token, place=place, reference=order.authorization_reference,
                response_url=url, version=peer.ocpi_version,
                reference_name=peer.behaviour.reference_name,
            )  # fmt: skip

        return _send(peer, Command.START_SESSION, write, receiver, order, sender=token.party)

    def send_stop(self, order: StopOrder) -> CommandResponse:
        """Raises NotDelivered, AnswerLost."""
        receiver, peer = _way_to(order.operator_party)

        def write(url: str) -> Written:
            return write_stop(session_id=order.session_id, response_url=url)

        ours = Owners.load(peer).of_provider(order.provider_id)
        sender = ours.ref if ours else None
        return _send(peer, Command.STOP_SESSION, write, receiver, order, sender=sender)


def _way_to(party: str) -> tuple[PartyRef, Peer]:
    receiver = PartyRef.of(*party.split("*", 1))
    peer = peer_of(receiver)
    if peer is None:
        raise operators.NotDelivered(f"No connection leads to {party}.")
    return receiver, peer


def _token(peer: Peer, order: StartOrder) -> TokenMessage:
    token = find_token(peer=peer, uid=order.token_uid)
    if token is None:
        raise operators.NotDelivered(
            f"Token {order.contract_id} belongs to none of the parties that {peer} knows us as."
        )
    return token


def _send(
    peer: Peer,
    command: Command,
    write: Callable[[str], Written],
    receiver: PartyRef,
    order: StartOrder | StopOrder,
    *,
    sender: PartyRef | None,
) -> CommandResponse:
    sent = Order(
        command=command, write=write, receiver=receiver, reference=str(order.command_id),
        secret=order.callback_secret, seconds=order.answer_seconds, sender=sender,
    )  # fmt: skip
    with _errors():
        reply = send_command(peer=peer, order=sent, now=timezone.now())
    return CommandResponse(reply.result, reply.timeout, reply.message)


@contextmanager
def _errors() -> Iterator[None]:
    """Ours in the words of the gateway: lost is unknown, everything else was not delivered."""
    try:
        yield
    except AnswerLost as error:
        raise operators.AnswerLost(error.message) from None
    except DomainError as error:
        raise operators.NotDelivered(error.message) from None


def hear_result(sent: SentCommand, secret: str, reply: Reply, now: datetime) -> None:
    """A result of a start or stop goes to its remote session; others are only kept."""
    if sent.command in {Command.START_SESSION, Command.STOP_SESSION} and sent.reference:
        record_command_result(
            command_id=UUID(sent.reference), secret=secret,
            result=CommandResult(reply.result, reply.message), now=now,
        )  # fmt: skip
