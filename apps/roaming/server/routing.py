"""The OCPI-to and OCPI-from headers of a request (`transport_and_format`, message routing)."""

from typing import TYPE_CHECKING

from apps.roaming.models import Party
from apps.roaming.ocpi.errors import InvalidMessage, OcpiError

if TYPE_CHECKING:
    from apps.roaming.server.door import Call


class UnknownReceiver(OcpiError):
    """The message is addressed to a party that we are not (`status_codes`, 4001)."""

    code = "OCPI_UNKNOWN_RECEIVER"
    ocpi_status = 4001


def check_routing(call: "Call") -> None:
    """Is the message for us, with the headers that were agreed? 2.1.1 has none of them.

    Raises UnknownReceiver; InvalidMessage when the peer must send the headers and didn't.
    """
    if not call.version.has_roles:
        return
    sender, receiver = call.routing.sender, call.routing.receiver
    if sender is None and call.peer.requires_routing_headers:
        raise InvalidMessage(
            "The headers OCPI-from-country-code and OCPI-from-party-id are missing."
        )
    if receiver is not None:
        ours = Party.objects.filter(country_code=receiver.country_code, party_id=receiver.party_id)
        if not ours.exists():
            raise UnknownReceiver(f"There is no {receiver} here.")
