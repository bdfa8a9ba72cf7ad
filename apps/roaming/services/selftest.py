"""Asking a peer's endpoints the harmless questions, to see what works."""

import time
from dataclasses import dataclass

from apps.core.errors import DomainError
from apps.roaming.client.calls import Request, call_peer
from apps.roaming.client.pages import first_url
from apps.roaming.client.routing import routing_to
from apps.roaming.models import Peer
from apps.roaming.ocpi.headers import Routing
from apps.roaming.secrets import decrypt_token
from apps.roaming.services.discovery import discover
from apps.roaming.services.invitations import PeerNotRegistered

_LISTS = {"locations", "tariffs", "sessions", "cdrs", "tokens", "hubclientinfo"}


@dataclass(frozen=True, slots=True)
class Check:
    """What was asked, whether it worked, what came, and how long it took (ms)."""

    name: str
    passed: bool
    said: str
    milliseconds: int


def check_peer(*, peer: Peer) -> list[Check]:
    """Versions, details, credentials, and one object of each list. Raises PeerNotRegistered."""
    if peer.state != Peer.State.REGISTERED:
        raise PeerNotRegistered(f"{peer} is not registered.")
    checks = [_discovery(peer)]
    for entry in peer.endpoints:
        identifier, role, url = entry["identifier"], entry["role"], entry["url"].rstrip("/")
        if identifier == "credentials":
            checks.append(_asked(peer, "credentials", url, Routing()))
        elif role == "SENDER" and identifier in _LISTS:
            routing = Routing() if identifier == "hubclientinfo" else routing_to(peer)
            checks.append(_asked(peer, identifier, first_url(url, since=None, limit=1), routing))
    return checks


def _discovery(peer: Peer) -> Check:
    started = time.monotonic()
    try:
        found = discover(
            peer=peer, token=decrypt_token(peer.outgoing_token), version=peer.ocpi_version
        )
        said, passed = f"OCPI {found.version}, {len(found.endpoints)} endpoints", True
    except DomainError as error:
        said, passed = error.message, False
    return Check("versions", passed, said, _since(started))


def _asked(peer: Peer, name: str, url: str, routing: Routing) -> Check:
    started = time.monotonic()
    try:
        answer = call_peer(peer, Request("GET", url, name, routing=routing, seconds=15))
        said, passed = answer.describe(), answer.succeeded
        if passed and name in _LISTS and not isinstance(answer.answer.data, list):
            said, passed = f"{said}, but no list", False
        if total := answer.headers.get("x-total-count"):
            said += f", {total} in all"
    except DomainError as error:
        said, passed = error.message, False
    return Check(name, passed, said, _since(started))


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
