"""The OCPI-to and OCPI-from headers of a request (`transport_and_format`, message routing)."""

from typing import TYPE_CHECKING

from apps.roaming.models import Party
from apps.roaming.ocpi.errors import InvalidMessage, OcpiError
from apps.roaming.ocpi.headers import Routing

if TYPE_CHECKING:
    from apps.roaming.server.door import Call


class UnknownReceiver(OcpiError):
    """The message is addressed to a party that we are not (`status_codes`, 4001)."""

    code = "OCPI_UNKNOWN_RECEIVER"
    ocpi_status = 4001


def check_routing(call: "Call") -> Routing:
    """From whom to whom. Open routing and 2.1.1 have no headers.

    Raises UnknownReceiver; InvalidMessage when the peer must send the headers and didn't.
    """
    routing = Routing.read(call.request.headers)
    if not call.version.has_roles:
        return routing
    if routing.sender is None and call.peer.requires_routing_headers:
        raise InvalidMessage(
            "The headers OCPI-from-country-code and OCPI-from-party-id are missing."
        )
    if routing.receiver is not None:
        ours = Party.objects.filter(
            country_code=routing.receiver.country_code, party_id=routing.receiver.party_id
        )
        if not ours.exists():
            raise UnknownReceiver(f"There is no {routing.receiver} here.")
    return routing
