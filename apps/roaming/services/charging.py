"""Reservations, unlocking, charging preferences and charging profiles at a peer's stations."""

from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from apps.core.errors import DomainError
from apps.roaming.client.calls import Request, call_peer
from apps.roaming.client.routing import routing_to
from apps.roaming.models import Peer
from apps.roaming.ocpi.commands import (
    Command,
    Place,
    Reply,
    write_cancellation,
    write_reservation,
    write_unlock,
)
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import TokenMessage, Written
from apps.roaming.services.commands import CommandNotPossible, Order, send_command


class PreferencesRefused(DomainError):
    """The operator does not take the charging preferences."""

    code = "CHARGING_PREFERENCES_REFUSED"
    http_status = 502


def reserve(
    *, peer: Peer, operator: PartyRef, token: TokenMessage, place: Place, reservation_id: str,
    expires_at: datetime, reference: str, now: datetime,
) -> Reply:  # fmt: skip
    """RESERVE_NOW; the same reservation id again replaces the reservation.

    2.1.1 wants a number as reservation id. Raises as send_command.
    """

    def write(url: str) -> Written:
        return write_reservation(
            token=token, place=place, expires_at=expires_at, reservation_id=reservation_id,
            reference=reference, response_url=url, version=peer.ocpi_version,
        )  # fmt: skip

    order = Order(Command.RESERVE_NOW, write, operator, reservation_id)
    return send_command(peer=peer, order=order, now=now)


def cancel_reservation(
    *, peer: Peer, operator: PartyRef, reservation_id: str, now: datetime
) -> Reply:
    """CANCEL_RESERVATION; 2.1.1 has none. Raises as send_command."""
    if not peer.ocpi_version.has_roles:
        raise CommandNotPossible("OCPI 2.1.1 has no command to cancel a reservation.")

    def write(url: str) -> Written:
        return write_cancellation(
            reservation_id=reservation_id, response_url=url, version=peer.ocpi_version
        )

    order = Order(Command.CANCEL_RESERVATION, write, operator, reservation_id)
    return send_command(peer=peer, order=order, now=now)


def unlock_connector(*, peer: Peer, operator: PartyRef, place: Place, now: datetime) -> Reply:
    """UNLOCK_CONNECTOR. Raises as send_command."""
    order = Order(
        Command.UNLOCK_CONNECTOR,
        lambda url: write_unlock(place=place, response_url=url),
        operator,
        place.evse_uid,
    )
    return send_command(peer=peer, order=order, now=now)


def set_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, profile: dict[str, Any], now: datetime
) -> Reply:
    """Set the charging profile of a session (`mod_charging_profiles`, PUT). As send_command."""
    order = Order(
        Command.SET_CHARGING_PROFILE,
        lambda url: Written({"charging_profile": profile, "response_url": url}),
        operator, session_id, module="chargingprofiles", method="PUT",
        path=lambda url: f"/{quote(session_id, safe='')}",
    )  # fmt: skip
    return send_command(peer=peer, order=order, now=now)


def ask_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, seconds: int, now: datetime
) -> Reply:
    """Ask for the profile of the next `seconds`; it comes as the result. As send_command."""
    order = Order(
        Command.GET_CHARGING_PROFILE, lambda url: Written({}), operator, session_id,
        module="chargingprofiles", method="GET",
        path=lambda url: _path(session_id, duration=seconds, response_url=url),
    )  # fmt: skip
    return send_command(peer=peer, order=order, now=now)


def clear_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, now: datetime
) -> Reply:
    """Take our profile away. As send_command."""
    order = Order(
        Command.CLEAR_CHARGING_PROFILE, lambda url: Written({}), operator, session_id,
        module="chargingprofiles", method="DELETE",
        path=lambda url: _path(session_id, response_url=url),
    )  # fmt: skip
    return send_command(peer=peer, order=order, now=now)


def _path(session_id: str, **query: Any) -> str:
    return f"/{quote(session_id, safe='')}?{urlencode(query)}"


def set_charging_preferences(
    *, peer: Peer, operator: PartyRef, session_id: str, preferences: dict[str, Any]
) -> str:
    """What the driver wants (`mod_sessions`, PUT charging_preferences); the operator's answer.

    Raises CommandNotPossible, PreferencesRefused and the errors of calls.
    """
    url = peer.endpoint("sessions", "SENDER")
    if url is None or not peer.ocpi_version.has_roles:
        raise CommandNotPossible(f"{peer} takes no charging preferences.")
    address = f"{url}/{quote(session_id, safe='')}/charging_preferences"
    answer = call_peer(
        peer,
        Request(
            "PUT", address, "sessions", body=preferences, routing=routing_to(peer, operator),
            seconds=15,
        ),
    )  # fmt: skip
    if not answer.succeeded:
        raise PreferencesRefused(f"{peer} refused: {answer.describe()}")
    return str(answer.answer.data or "")
