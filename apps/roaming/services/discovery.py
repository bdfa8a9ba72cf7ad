"""What a peer speaks and where: its versions and their details."""

from dataclasses import dataclass

from apps.roaming.client.calls import Request, call_peer
from apps.roaming.client.origins import require_allowed
from apps.roaming.models import Peer
from apps.roaming.ocpi.credentials import read_details, read_versions
from apps.roaming.ocpi.errors import InvalidMessage, NoMatchingEndpoints, UnsupportedVersion
from apps.roaming.ocpi.versions import Endpoint, Version, newest_mutual

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
    """Read the peer's versions and the details of one: `version`, else the newest of both.

    Raises UnsupportedVersion, NoMatchingEndpoints, InvalidMessage, AddressRefused, and the errors
    of calls.
    """
    offered = read_versions(_get(peer, peer.versions_url, "versions", token))
    chosen = version or newest_mutual(offered)
    if chosen is None or chosen not in offered:
        raise UnsupportedVersion(
            f"The peer speaks {', '.join(sorted(offered)) or 'nothing'}; "
            f"we speak {', '.join(Version)}."
        )
    endpoints = read_details(_get(peer, offered[chosen], "versions", token), chosen)
    for endpoint in endpoints:
        require_allowed(peer=peer, url=endpoint.url)
    found = Found(chosen, endpoints)
    found.credentials_url()
    return found


def _get(peer: Peer, url: str, module: str, token: str) -> object:
    answer = call_peer(peer, Request("GET", url, module, token=token, seconds=SECONDS))
    if not answer.succeeded:
        raise InvalidMessage(f"{url} answers {answer.describe()}.")
    return answer.answer.data
