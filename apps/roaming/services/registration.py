"""The peer registers with us: its credentials in, ours out (`credentials`)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.services import record
from apps.core.errors import DomainError
from apps.roaming.client.calls import PeerNotReached
from apps.roaming.client.origins import PrivateAddress, require_allowed
from apps.roaming.models import Peer, PeerToken
from apps.roaming.ocpi.credentials import CredentialsMessage, read_credentials
from apps.roaming.ocpi.errors import (
    ClientApiUnusable,
    InvalidMessage,
    NoMatchingEndpoints,
    NotAllowedNow,
    Unauthorized,
    UnsupportedVersion,
)
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.tokens import Written
from apps.roaming.ocpi.versions import Role, Version
from apps.roaming.secrets import encrypt_token
from apps.roaming.services.after_registration import start_exchange
from apps.roaming.services.discovery import Found, discover
from apps.roaming.services.invitations import end_tokens, give_token
from apps.roaming.services.presenting import our_credentials
from apps.roaming.services.queueing import give_up_last_words

Message = dict[str, Any]


def accept_registration(
    *, token: PeerToken, message: Message, version: Version, base: str, now: datetime
) -> Written:
    """POST credentials: read the peer's endpoints, end the registration token, answer with ours.

    Talks to the peer, so that it must not run inside a transaction. Raises NotAllowedNow (405)
    when registered before, ClientApiUnusable (3001), UnsupportedVersion, NoMatchingEndpoints,
    InvalidMessage; then the registration token is still good.
    """
    if token.kind != PeerToken.Kind.REGISTRATION:
        raise NotAllowedNow("Already registered; use PUT to change the credentials.")
    credentials = read_credentials(Fields.of(message, ""), version)
    return _take_over(token, credentials, version, base, now)


def renew_registration(
    *, token: PeerToken, message: Message, version: Version, base: str, now: datetime
) -> Written:
    """PUT credentials: as at first, the version may change.

    For whom the peer speaks may not grow without our staff. Raises as accept_registration does.
    """
    if token.kind != PeerToken.Kind.ACCESS or token.peer.state != Peer.State.REGISTERED:
        raise NotAllowedNow("Not registered yet; use POST.")
    credentials = read_credentials(Fields.of(message, ""), version)
    _require_no_wider_claim(token.peer, credentials)
    return _take_over(token, credentials, version, base, now)


def end_registration(*, token: PeerToken, now: datetime) -> None:
    """DELETE credentials: both tokens are good no more. Raises NotAllowedNow (405)."""
    if token.kind != PeerToken.Kind.ACCESS or token.peer.state != Peer.State.REGISTERED:
        raise NotAllowedNow("Not registered.")
    disconnect(peer=token.peer, now=now)


def disconnect(*, peer: Peer, now: datetime, actor: Actor | None = None, reason: str = "") -> None:
    """End the connection on our side; what waits in its queue stays for the next one.

    Except what it was to be told of erased persons: that can't wait for ever.
    """
    with transaction.atomic():
        locked = Peer.objects.select_for_update(of=("self",)).get(pk=peer.pk)
        end_tokens(peer=locked, now=now, actor=actor)
        locked.state = Peer.State.UNREGISTERED
        locked.outgoing_token = ""
        record("unregistered peer", locked, reason=reason, actor=actor)
        why = "The connection ended before the peer was told."
        give_up_last_words(peer=locked, why=why, now=now, actor=actor)


def _take_over(
    token: PeerToken, credentials: CredentialsMessage, version: Version, base: str, now: datetime
) -> Written:
    candidate = _candidate(token.peer, credentials, version)
    found = _discover(candidate, credentials, version)
    with transaction.atomic():
        peer = Peer.objects.select_for_update(of=("self",), no_key=True).get(pk=token.peer_id)
        if PeerToken.objects.filter(pk=token.pk, ended_at=None).count() == 0:
            raise Unauthorized("The token was used meanwhile.")
        end_tokens(peer=peer, now=now)
        apply_credentials(peer=peer, credentials=credentials, found=found, base=base)
        given = give_token(peer=peer, kind=PeerToken.Kind.ACCESS, now=now)
        start_exchange(peer=peer)
    return our_credentials(peer=peer, token=given, base=base, version=version)


def _require_no_wider_claim(peer: Peer, credentials: CredentialsMessage) -> None:
    """A hub speaks for everybody, and a party of another peer is that peer's.

    Staff agree to either by a new registration token. Raises InvalidMessage.
    """
    if _hub(credentials) and peer.hub is None:
        raise InvalidMessage(
            "You are not registered as a hub; unregister, and register as one with a new token.",
            field="roles",
        )
    theirs = {
        party
        for other in Peer.objects.registered().exclude(pk=peer.pk)
        for party in other.parties()
    }
    for party in {role.party for role in credentials.roles} - set(peer.parties()):
        if party in theirs:
            raise InvalidMessage(
                f"{party} is connected otherwise; unregister, and register with a new token.",
                field="roles",
            )


def _candidate(peer: Peer, credentials: CredentialsMessage, version: Version) -> Peer:
    """The peer as it would be: an unsaved copy, to look at its endpoints with.

    When staff named addresses, the URL must be among them; else it is the first to be known.
    """
    candidate = Peer.objects.select_related("party").get(pk=peer.pk)
    candidate.version = version.value
    if not candidate.allowed_origins:
        candidate.versions_url = credentials.url
    return candidate


def _discover(candidate: Peer, credentials: CredentialsMessage, version: Version) -> Found:
    try:
        require_allowed(peer=candidate, url=credentials.url)
        candidate.versions_url = credentials.url
        return discover(peer=candidate, token=credentials.token, version=version)
    except (NoMatchingEndpoints, UnsupportedVersion):
        raise
    except (PeerNotReached, PrivateAddress):
        # In the same words, whatever is behind a name: else they would tell who asks about our
        # network. Staff see the reason at the exchanged message.
        raise ClientApiUnusable("Your API can't be used: it can't be reached.") from None
    except DomainError as error:
        raise ClientApiUnusable(f"Your API can't be used: {error.message}") from None


def apply_credentials(
    *, peer: Peer, credentials: CredentialsMessage, found: Found, base: str,
    actor: Actor | None = None,
) -> None:  # fmt: skip
    """The peer is registered with what it said of itself."""
    peer.state = Peer.State.REGISTERED
    peer.version = found.version.value
    peer.versions_url = credentials.url
    peer.our_url = base
    peer.outgoing_token = encrypt_token(credentials.token)
    peer.endpoints = [asdict(endpoint) for endpoint in found.endpoints]
    peer.roles = [
        {
            "role": str(role.role),
            "country_code": role.party.country_code,
            "party_id": role.party.party_id,
            "business_details": role.business_details,
        }
        for role in credentials.roles
    ]
    peer.hub_party = _hub(credentials)
    record("registered peer", peer, actor=actor)


def _hub(credentials: CredentialsMessage) -> str:
    """A hub names itself by its role (2.2), or by `hub_party_id` (2.3.0)."""
    if credentials.hub is not None:
        return str(credentials.hub)
    hubs = [role.party for role in credentials.roles if role.role == Role.HUB]
    return str(hubs[0]) if hubs else ""
