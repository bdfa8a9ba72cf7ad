"""Where a partner's host name leads, and whether we may go there.

A name is resolved once and the request goes to that very address, so that a second answer of the
name server can't lead elsewhere.
"""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from apps.core.errors import InvalidInput
from apps.core.outbound import is_public


class AddressRefused(InvalidInput):
    """The address is none that a webhook may be sent to."""

    code = "WEBHOOK_ADDRESS_REFUSED"


def check_url(url: str, *, allow_private: bool) -> tuple[str, int]:
    """Host and port of a URL. https only, plain http only where private addresses are allowed.

    Raises AddressRefused.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise AddressRefused("A webhook's URL begins with https://.")
    if not parts.hostname or parts.username or parts.password:
        raise AddressRefused("A webhook's URL has a host name, and no user name or password.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise AddressRefused("The URL's port is none.") from None
    return parts.hostname, port


def resolve(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to. Refused when any address of the name is not public.

    Raises AddressRefused, OSError.
    """
    found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        if not allow_private and not is_public(ip_address(str(text).split("%")[0])):
            raise AddressRefused(f"{host} leads to {text}, which is no public address.")
    return str(found[0])
