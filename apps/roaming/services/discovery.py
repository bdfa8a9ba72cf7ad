"""What a peer speaks and where: its versions and their details."""

from dataclasses import dataclass
from http import HTTPStatus

from apps.roaming.client.calls import PeerAnswer, Request, call_peer, takes_base64
from apps.roaming.client.origins import require_allowed
from apps.roaming.models import Peer
from apps.roaming.ocpi.credentials import read_details, read_versions
from apps.roaming.ocpi.errors import InvalidMessage, NoMatchingEndpoints, UnsupportedVersion
from apps.roaming.ocpi.versions import Endpoint, Version, is_called, newest_mutual
from apps.roaming.profiles import profile_of

SECONDS = 15


@dataclass(frozen=True, slots=True)
class Found:
    """A version that both speak, and the peer's endpoints in it."""

    version: Version
    endpoints: list[Endpoint]

    def credentials_url(self) -> str:
        for endpoint in self.endpoints:
            if endpoint.identifier == "credentials":
                return endpoint.url
        raise NoMatchingEndpoints("The peer announces no credentials module.")


def discover(*, peer: Peer, token: str, version: Version | None = None) -> Found:
    """Read the peer's versions and the details of one: `version`, else the newest of both in which
    it takes our credentials.

    Raises UnsupportedVersion, NoMatchingEndpoints, InvalidMessage, AddressRefused, and the errors
    of calls.
    """
    answer, as_base64 = _first_answer(peer, token, may_guess=version is None)
    offered = read_versions(_data(answer, peer.versions_url))
    chosen = version or newest_mutual(_registrable(peer, offered))
    if chosen is None or chosen not in offered:
        raise UnsupportedVersion(
            f"The peer speaks {', '.join(sorted(offered)) or 'nothing'}; "
            f"we speak {', '.join(Version)}."
        )
    details = call_peer(peer, _question(offered[chosen], token, as_base64))
    endpoints = read_details(_data(details, offered[chosen]), chosen)
    for endpoint in filter(is_called, endpoints):
        require_allowed(peer=peer, url=endpoint.url)
    found = Found(chosen, endpoints)
    found.credentials_url()
    return found


def _registrable(peer: Peer, offered: dict[str, str]) -> dict[str, str]:
    """Those in which the peer takes our credentials. Raises UnsupportedVersion when it takes none,
    but registers with us (Gireve in 2.2.1)."""
    open_to_us = {
        version: url
        for version, url in offered.items()
        if profile_of(peer.profile, version).takes_registration
    }
    if offered and not open_to_us:
        raise UnsupportedVersion(
            f"{peer} takes no credentials of ours in OCPI {', '.join(sorted(offered))}; invite it."
        )
    return open_to_us


def _first_answer(peer: Peer, token: str, *, may_guess: bool) -> tuple[PeerAnswer, bool]:
    """The peer's versions, and whether it took the token in base64.

    As long as its version is not known, it is not known how it wants the token either: one that
    refuses it (2.1.1 reads plain ones) is asked once more in the other way, unless staff said how.
    """
    as_base64 = takes_base64(peer)
    answer = call_peer(peer, _question(peer.versions_url, token, as_base64))
    may_guess &= peer.token_encoding == Peer.TokenEncoding.BY_VERSION
    if may_guess and answer.http_status == HTTPStatus.UNAUTHORIZED:
        as_base64 = not as_base64
        answer = call_peer(peer, _question(peer.versions_url, token, as_base64))
    return answer, as_base64


def _question(url: str, token: str, as_base64: bool) -> Request:
    return Request("GET", url, "versions", token=token, seconds=SECONDS, as_base64=as_base64)


def _data(answer: PeerAnswer, url: str) -> object:
    if not answer.succeeded:
        hint = ""
        if answer.http_status == HTTPStatus.UNAUTHORIZED:
            hint = " Is the token right, and not used before? If so, ask the peer for a new one."
        raise InvalidMessage(f"{url} answers {answer.describe()}.{hint}")
    return answer.answer.data
