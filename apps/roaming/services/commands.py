"""Commands go out at once, once, with a deadline; a lost answer is unknown, never asked again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.roaming.addresses import base_url, module_url
from apps.roaming.client.calls import AnswerLost, PeerAnswer, PeerNotReached, Request, call_peer
from apps.roaming.client.origins import AddressRefused
from apps.roaming.client.routing import routing_to
from apps.roaming.models import Peer, SentCommand
from apps.roaming.ocpi.commands import Command, Reply, read_reply
from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import Written
from apps.roaming.ocpi.versions import Interface
from apps.roaming.secrets import hash_token, new_token

# Until when a result is awaited of a peer that does not say (seconds).
RESULT_SECONDS = 60
# What stands in place of an answer when there can be none.
NOT_DELIVERED = "NOT_DELIVERED"


class CommandNotPossible(DomainError):
    """The peer is not connected, or has no such command."""

    code = "COMMAND_NOT_POSSIBLE"


@dataclass(frozen=True, slots=True)
class Order:
    """A command to send. `write` makes its body for a response URL.

    `method` and `path` differ for charging profiles and preferences; `module` and `interface` are
    where they go. `secret` is the unguessable part of the callback address. `sender` is our party
    whose driver it is for; None: the one that the peer knows us by.
    """

    command: Command
    write: Callable[[str], Written]
    receiver: PartyRef | None = None
    reference: str = ""
    secret: str = field(default_factory=new_token)
    seconds: int = 15
    module: str = "commands"
    interface: Interface = Interface.RECEIVER
    method: str = "POST"
    path: Callable[[str], str] | None = None
    sender: PartyRef | None = None

    @property
    def is_resulted(self) -> bool:
        """Does a result of the station follow the answer?"""
        return self.command is not Command.CHARGING_PREFERENCES


def send_command(*, peer: Peer, order: Order, now: datetime) -> Reply:
    """Send it and return the peer's answer. Must not run inside a transaction.

    Raises CommandNotPossible and PeerNotReached when it certainly was not sent; AnswerLost when
    it may have been carried out.
    """
    url = _url(peer, order)
    response_url = _response_url(peer, order)
    written = order.write(response_url)
    correlation_id = str(new_id())
    sent = SentCommand.objects.create(
        peer=peer, command=order.command, operator=str(order.receiver or ""),
        reference=order.reference, unsaid=list(written.unsaid),
        callback_hash=hash_token(order.secret), correlation_id=correlation_id, sent_at=now,
        deadline=now + timedelta(seconds=order.seconds + RESULT_SECONDS),
    )  # fmt: skip
    path = order.path(response_url) if order.path else f"/{order.command}"
    request = Request(
        order.method, f"{url}{path}", order.module, body=written.body or None,
        routing=routing_to(peer, order.receiver, sender=order.sender),
        correlation_id=correlation_id,
        seconds=order.seconds, unsaid=written.unsaid,
    )  # fmt: skip
    try:
        reply = _reply(peer, call_peer(peer, request))
    except (PeerNotReached, AddressRefused) as error:
        _note(sent, SentCommand.State.REFUSED, NOT_DELIVERED, error.message)
        raise
    except AnswerLost as error:
        _note(sent, SentCommand.State.UNKNOWN, "", error.message)
        raise
    accepted = SentCommand.State.ACCEPTED if order.is_resulted else SentCommand.State.RESULTED
    state = accepted if reply.accepted else SentCommand.State.REFUSED
    deadline = now + timedelta(seconds=reply.timeout or order.seconds + RESULT_SECONDS)
    _note(sent, state, reply.result, reply.message, deadline)
    return reply


def _url(peer: Peer, order: Order) -> str:
    url = peer.endpoint(order.module, order.interface)
    if peer.state != Peer.State.REGISTERED or url is None:
        raise CommandNotPossible(f"{peer} is not connected for {order.module}.")
    if order.command not in peer.behaviour.commands:
        raise CommandNotPossible(f"{peer} has no {order.command}.")
    return url


def _response_url(peer: Peer, order: Order) -> str:
    base = module_url(peer.our_url or base_url(), peer.ocpi_version, "commands")
    return f"{base}/{order.command}/{order.secret}"


def _reply(peer: Peer, answer: PeerAnswer) -> Reply:
    """What the answer means. Raises AnswerLost; PeerNotReached when a hub could not pass it on."""
    code = answer.answer.status_code or 0
    if answer.succeeded:
        try:
            return read_reply(answer.answer.data)
        except InvalidMessage as error:
            raise AnswerLost(f"{peer} accepted without a result: {error.message}") from None
    if code in {4001, 4003}:
        raise PeerNotReached(f"The hub can't reach the operator: {answer.describe()}")
    if answer.http_status == 429:
        # Nobody looked at it (RFC 6585, 4): that is no operator's no.
        raise PeerNotReached(f"{peer} takes no more requests for now: {answer.describe()}")
    if answer.http_status < 500 and (2000 <= code < 3000 or answer.http_status >= 400):
        return Reply("REJECTED", message=answer.describe()[:512])
    raise AnswerLost(f"{peer} failed: {answer.describe()}")


def _note(
    sent: SentCommand, state: str, response: str, message: str, deadline: datetime | None = None
) -> None:
    """The result may have been faster than the answer: then it stays."""
    SentCommand.objects.filter(pk=sent.pk, state=SentCommand.State.SENT).update(state=state)
    SentCommand.objects.filter(pk=sent.pk).update(
        response=response, response_message=message[:512], deadline=deadline or sent.deadline
    )
