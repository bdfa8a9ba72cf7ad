"""Tokens that we give to peers: for registration, and for all requests."""

from datetime import datetime

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.services import record
from apps.core.errors import DomainError
from apps.roaming.models import Peer, PeerToken
from apps.roaming.secrets import hash_token, new_token


class PeerIsRegistered(DomainError):
    """The connection stands; it has to be ended first."""

    code = "PEER_IS_REGISTERED"


class PeerNotRegistered(DomainError):
    """There is no connection."""

    code = "PEER_NOT_REGISTERED"


def invite_peer(*, peer: Peer, now: datetime, actor: Actor | None = None) -> str:
    """A registration token, shown once; an earlier one ends. Raises PeerIsRegistered."""
    with transaction.atomic():
        locked = Peer.objects.select_for_update().get(pk=peer.pk)
        if locked.state == Peer.State.REGISTERED:
            raise PeerIsRegistered(f"{peer} is registered; unregister it first.")
        end_tokens(peer=locked, now=now, actor=actor)
        token = give_token(peer=locked, kind=PeerToken.Kind.REGISTRATION, now=now, actor=actor)
        locked.state = Peer.State.INVITED
        record("invited peer", locked, actor=actor)
    peer.refresh_from_db()
    return token


def give_token(*, peer: Peer, kind: str, now: datetime, actor: Actor | None = None) -> str:
    """A new token of the peer; only its hash is kept."""
    token = new_token()
    given = PeerToken(peer=peer, kind=kind, token_hash=hash_token(token), issued_at=now)
    record("gave token to peer", given, actor=actor)
    return token


def end_tokens(
    *, peer: Peer, now: datetime, but: str | None = None, actor: Actor | None = None
) -> None:
    """The peer's tokens are good no more, except the one named."""
    kept = hash_token(but) if but else ""
    for token in PeerToken.objects.filter(peer=peer, ended_at=None).exclude(token_hash=kept):
        token.ended_at = now
        record("ended token of peer", token, actor=actor)


def suspend_peer(*, peer: Peer, reason: str, now: datetime, actor: Actor | None = None) -> None:
    """Refuse its requests and send it nothing, until it is resumed. Raises PeerNotRegistered."""
    with transaction.atomic():
        locked = Peer.objects.select_for_update().get(pk=peer.pk)
        if locked.state != Peer.State.REGISTERED:
            raise PeerNotRegistered(f"{peer} is not registered.")
        locked.state = Peer.State.SUSPENDED
        record("suspended peer", locked, reason=reason, actor=actor)


def resume_peer(*, peer: Peer, reason: str, now: datetime, actor: Actor | None = None) -> None:
    """Go on with a suspended connection. Raises PeerNotRegistered."""
    with transaction.atomic():
        locked = Peer.objects.select_for_update().get(pk=peer.pk)
        if locked.state != Peer.State.SUSPENDED:
            raise PeerNotRegistered(f"{peer} is not suspended.")
        locked.state = Peer.State.REGISTERED
        record("resumed peer", locked, reason=reason, actor=actor)
