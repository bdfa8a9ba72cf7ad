"""Connections that never lead into our own network, whatever a name resolves to."""

import socket
from functools import cache
from ipaddress import ip_address

import httpcore
import httpx
from django.conf import settings

from apps.core.outbound import BoundBackend, is_public
from apps.roaming.client.origins import PrivateAddress

MOST_CONNECTIONS = 50


class GuardedBackend(BoundBackend):
    """Resolves a name once, checks the addresses, and connects to one that was checked."""

    def address_of(self, host: str, port: int) -> str:
        """A public address of the host. Raises PrivateAddress, httpcore.ConnectError if unknown."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is unknown: {error}") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not settings.OCPI_ALLOW_PRIVATE_HOSTS:
            for address in addresses:
                if not is_public(ip_address(address.split("%")[0])):
                    raise PrivateAddress(f"{host} leads into a private network.")
        return addresses[0]


@cache
def transport() -> httpx.HTTPTransport:
    """The one connection pool of this process: TLS is verified, redirects are not followed."""
    made = httpx.HTTPTransport()
    made._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(),
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=20,
        keepalive_expiry=30,
        network_backend=GuardedBackend(),
    )
    return made
