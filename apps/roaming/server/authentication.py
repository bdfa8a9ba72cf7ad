"""Who calls: the peer whose token it is."""

import hmac

from apps.roaming.models import Peer, PeerToken
from apps.roaming.ocpi.errors import Unauthorized
from apps.roaming.ocpi.headers import presented_tokens
from apps.roaming.secrets import hash_token


def authenticate(authorization: str) -> PeerToken:
    """The valid token that the header presents. Raises Unauthorized.

    Looked up by its SHA-256, so that neither the index nor the comparison tells how much of a
    guess is right.
    """
    hashes = [hash_token(token) for token in presented_tokens(authorization)]
    if not hashes:
        raise Unauthorized("The header `Authorization: Token <token>` is missing.")
    found = PeerToken.objects.filter(token_hash__in=hashes, ended_at=None)
    for token in found.select_related("peer__party"):
        if any(hmac.compare_digest(token.token_hash, candidate) for candidate in hashes):
            if token.peer.state == Peer.State.SUSPENDED:
                raise Unauthorized("The connection is suspended.")
            return token
    raise Unauthorized("The token is none that we gave, or is no longer valid.")


def require_access(token: PeerToken) -> None:
    """A registration token is good for versions and credentials only. Raises Unauthorized."""
    if token.kind != PeerToken.Kind.ACCESS or token.peer.state != Peer.State.REGISTERED:
        raise Unauthorized("This token is for registration only.")
