"""Who calls: the peer whose token it is."""

import hmac
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from apps.roaming.models import Party, Peer, PeerToken
from apps.roaming.ocpi.errors import Unauthorized
from apps.roaming.ocpi.headers import presented_tokens
from apps.roaming.secrets import hash_token

MOST_KEPT: Final = 1_000
# Tokens with their peers as this process read them, by hash, with the state of the rows then.
_kept: dict[str, tuple[Any, PeerToken]] = {}


def authenticate(authorization: str, *, to_change: bool = False) -> PeerToken:
    """The valid token that the header presents, with its peer. Raises Unauthorized.

    Looked up by its SHA-256, so that neither the index nor the comparison tells how much of a
    guess is right. The rows are asked for at each request, whether they changed; the objects made
    of them are kept. `to_change`: the caller changes the peer and gets objects of its own.
    """
    hashes = [hash_token(token) for token in presented_tokens(authorization)]
    if not hashes:
        raise Unauthorized("The header `Authorization: Token <token>` is missing.")
    for found, *state in _states(hashes):
        if any(hmac.compare_digest(found, candidate) for candidate in hashes):
            token = _read(found) if to_change else _read_once(found, state)
            if token.peer.state == Peer.State.SUSPENDED:
                raise Unauthorized("The connection is suspended.")
            return token
    raise Unauthorized("The token is none that we gave, or is no longer valid.")


def _states(hashes: Sequence[str]) -> list[Any]:
    """Hash, keys and times of the last change of valid tokens, their peers and our parties.

    By hand, because the ORM works ten times as long on it as the database.
    """
    names = (model._meta.db_table for model in (PeerToken, Peer, Party))
    token, peer, party = map(connection.ops.quote_name, names)
    places = ", ".join(["%s"] * len(hashes))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.token_hash, t.id, t.updated_at, p.id, p.updated_at, o.id, o.updated_at "  # noqa: S608
            f"FROM {token} t JOIN {peer} p ON p.id = t.peer_id JOIN {party} o ON o.id = p.party_id "
            f"WHERE t.token_hash IN ({places}) AND t.ended_at IS NULL",
            list(hashes),
        )
        return list(cursor.fetchall())


def _read_once(token_hash: str, state: Any) -> PeerToken:
    known = _kept.get(token_hash)
    if known is None or known[0] != state:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        known = _kept[token_hash] = (state, _read(token_hash))
    return known[1]


def _read(token_hash: str) -> PeerToken:
    token: PeerToken = PeerToken.objects.select_related("peer__party").get(token_hash=token_hash)
    return token


def require_access(token: PeerToken) -> None:
    """A registration token is good for versions and credentials only. Raises Unauthorized."""
    if token.kind != PeerToken.Kind.ACCESS or token.peer.state != Peer.State.REGISTERED:
        raise Unauthorized("This token is for registration only.")
