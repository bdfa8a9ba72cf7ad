"""We register with a peer: our credentials out, its credentials in."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.roaming.addresses import base_url
from apps.roaming.client.calls import Request, call_peer
from apps.roaming.models import Peer, PeerToken
from apps.roaming.ocpi.credentials import CredentialsMessage, read_credentials
from apps.roaming.ocpi.fields import Fields
from apps.roaming.secrets import decrypt_token, hash_token
from apps.roaming.services.after_registration import start_exchange
from apps.roaming.services.discovery import SECONDS, Found, discover
from apps.roaming.services.invitations import (
    PeerIsRegistered,
    PeerNotRegistered,
    end_tokens,
    give_token,
)
from apps.roaming.services.presenting import our_credentials
from apps.roaming.services.registration import apply_credentials, disconnect


class RegistrationRefused(DomainError):
    """The peer did not take our credentials."""

    code = "PEER_REGISTRATION_REFUSED"
    http_status = 502


def connect_peer(
    *, peer: Peer, versions_url: str, token: str, now: datetime, actor: Actor | None = None
) -> None:
    """Register at the peer with the registration token that it gave us.

    Raises PeerIsRegistered, RegistrationRefused, and the errors of discovery and calls. Must not
    run inside a transaction.
    """
    if peer.state == Peer.State.REGISTERED:
        raise PeerIsRegistered(f"{peer} is registered; unregister it first.")
    peer.versions_url = versions_url.strip()
    found = discover(peer=peer, token=token.strip())
    _exchange(peer, found, method="POST", token=token.strip(), now=now, actor=actor)


def update_peer(*, peer: Peer, now: datetime, actor: Actor | None = None) -> None:
    """Read the peer's endpoints again and exchange new tokens (PUT); the version may rise.

    A peer that takes no PUT (Gireve) has to be unregistered and registered anew: PeerNotRegistered
    says so. Raises RegistrationRefused and the errors of discovery and calls.
    """
    if peer.state != Peer.State.REGISTERED:
        raise PeerNotRegistered(f"{peer} is not registered.")
    if not peer.behaviour.updates_credentials:
        raise RegistrationRefused(
            f"{peer} takes no new credentials; unregister it and register anew."
        )
    token = decrypt_token(peer.outgoing_token)
    found = discover(peer=peer, token=token)
    _exchange(peer, found, method="PUT", token=token, now=now, actor=actor)


def leave_peer(*, peer: Peer, reason: str, now: datetime, actor: Actor | None = None) -> str:
    """Unregister at the peer (DELETE), and here in any case; returns what the peer said."""
    said = "The peer was not asked: there is no connection."
    url = peer.endpoint("credentials", "SENDER") or peer.endpoint("credentials", "RECEIVER")
    if peer.outgoing_token and url:
        try:
            answer = call_peer(peer, Request("DELETE", url, "credentials", seconds=SECONDS))
            said = answer.describe()
        except DomainError as error:
            said = error.message
    disconnect(peer=peer, now=now, actor=actor, reason=reason)
    return said


def _exchange(
    peer: Peer, found: Found, *, method: str, token: str, now: datetime, actor: Actor | None
) -> None:
    """Our token is good before the peer gets it: it may call back while it answers."""
    base = peer.our_url or base_url()
    with transaction.atomic():
        given = give_token(peer=peer, kind=PeerToken.Kind.ACCESS, now=now, actor=actor)
    ours = our_credentials(peer=peer, token=given, base=base, version=found.version)
    url = found.credentials_url()
    peer.version = found.version.value
    try:
        answer = call_peer(
            peer, Request(
                method, url, "credentials", body=ours.body, token=token, seconds=2 * SECONDS,
                unsaid=ours.unsaid,
            ),
        )  # fmt: skip
        if not answer.succeeded:
            raise RegistrationRefused(f"{peer} refused our credentials: {answer.describe()}")
        credentials = read_credentials(Fields.of(answer.answer.data, "data"), found.version)
    except DomainError:
        _take_back(peer, given, now, actor)
        raise
    _apply(peer, credentials, found, base, given, now, actor)


def _take_back(peer: Peer, given: str, now: datetime, actor: Actor | None) -> None:
    for token in PeerToken.objects.filter(peer=peer, token_hash=hash_token(given)):
        token.ended_at = now
        token.save()


def _apply(
    peer: Peer, credentials: CredentialsMessage, found: Found, base: str, given: str,
    now: datetime, actor: Actor | None,
) -> None:  # fmt: skip
    with transaction.atomic():
        locked = Peer.objects.select_for_update(of=("self",), no_key=True).get(pk=peer.pk)
        end_tokens(peer=locked, now=now, but=given, actor=actor)
        # The address that answered us stays the one we call, whatever the credentials say.
        named = replace(credentials, url=peer.versions_url)
        apply_credentials(peer=locked, credentials=named, found=found, base=base, actor=actor)
        start_exchange(peer=locked)
    peer.refresh_from_db()
