"""Sending or handling a kept message once more."""

from typing import Final
from urllib.parse import urlsplit

from apps.audit.personal import ERASED
from apps.core.errors import DomainError
from apps.roaming.client.calls import PeerAnswer, Request, call_peer
from apps.roaming.models import Exchange, Peer
from apps.roaming.ocpi.headers import Routing
from apps.roaming.services.exchanges import request_body_of

# Commands are sent once; credentials and registration carry secrets that are not kept.
_NEVER: Final = {"commands", "chargingprofiles", "credentials", "versions"}


class NotReplayable(DomainError):
    """This message can't be sent or handled again."""

    code = "EXCHANGE_NOT_REPLAYABLE"


def may_be_resent(exchange: Exchange) -> bool:
    """Is it a message of ours of a kind that may go out twice?"""
    went_out = exchange.direction == Exchange.Direction.OUT
    return went_out and exchange.module not in _NEVER


def check_replayable(exchange: Exchange) -> Peer:
    """The peer of a message that may be repeated. Raises NotReplayable."""
    if exchange.peer is None or exchange.peer.state != Peer.State.REGISTERED:
        raise NotReplayable("Its peer is not registered.")
    if exchange.module in _NEVER or not exchange.module:
        raise NotReplayable(f"Messages of the module {exchange.module or 'unknown'} are sent once.")
    body = request_body_of(exchange)
    if body == ERASED or exchange.url == ERASED:
        raise NotReplayable("The person it was about is erased.")
    if " characters)" in body[-30:] or "***" in body:
        raise NotReplayable("Its body was not kept in full.")
    return exchange.peer


def resend(*, exchange: Exchange) -> PeerAnswer:
    """Ask the peer the same again; it is a new exchange under the old correlation id.

    Raises NotReplayable and the errors of calls.
    """
    peer = check_replayable(exchange)
    if exchange.direction != Exchange.Direction.OUT:
        raise NotReplayable("It came from the peer; handle it again instead.")
    return call_peer(
        peer,
        Request(
            exchange.method, exchange.url, exchange.module, body=exchange.request_body or None,
            routing=Routing.read(exchange.request_headers),
            correlation_id=exchange.correlation_id,
        ),
    )  # fmt: skip


def path_of(exchange: Exchange) -> str:
    """The path and query of a message that came in."""
    parts = urlsplit(exchange.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
