"""Which addresses of a peer may be called: those it registered with, and those staff added."""

from urllib.parse import urlsplit

import httpx
from django.conf import settings

from apps.core.errors import DomainError
from apps.roaming.models import Peer


class AddressRefused(DomainError):
    """The address is none of the peer's, or none that may be called at all."""

    code = "ROAMING_ADDRESS_REFUSED"
    http_status = 400


class PrivateAddress(AddressRefused):
    """The name leads into a private network: ours to know, and nobody else's."""

    code = "ROAMING_ADDRESS_PRIVATE"


Origin = tuple[str, str, int]
_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> Origin:
    """Scheme, host and port. Raises AddressRefused for what is no plain web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = (parts.hostname or "").rstrip(".").lower()
        # Those who call it refuse more: control characters, labels that are empty or too long.
        _ = httpx.URL(url).host, host.encode("idna")
    except (ValueError, KeyError, httpx.InvalidURL):
        raise AddressRefused(f"{_shown(url)} is no address of a web server.") from None
    if not host or parts.username or parts.password or any(c.isspace() for c in url):
        raise AddressRefused(f"{_shown(url)} is no address of a web server.")
    if parts.scheme != "https" and not settings.OCPI_ALLOW_PRIVATE_HOSTS:
        raise AddressRefused(f"{_shown(url)} is not encrypted; https is required.")
    return parts.scheme, host, port


def _shown(url: str) -> str:
    """For messages: the query may hold the secret of a callback address."""
    return url.partition("?")[0][:200]


def allowed_origins(peer: Peer) -> set[Origin]:
    """The origin of its versions URL, and those that staff added."""
    urls = [peer.versions_url, *peer.allowed_origins]
    return {origin_of(url) for url in urls if url}


def require_allowed(*, peer: Peer, url: str) -> None:
    """Raises AddressRefused."""
    if origin_of(url) not in allowed_origins(peer):
        raise AddressRefused(
            f"{_shown(url)} is not at an address of {peer}. "
            "If it is right, add it to the peer's allowed addresses."
        )
