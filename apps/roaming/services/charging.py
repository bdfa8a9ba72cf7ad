"""What staff ask of a peer's stations: reservations, unlocking, charging preferences and profiles.

Each is sent once, outside of any transaction; what became of it stands in the SentCommand that is
returned, also when the peer could not be reached or its answer was lost. Each leaves an entry in
the trail with its reason. All raise CommandNotPossible, and then nothing was sent.
"""

import hashlib
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from apps.audit.services import note
from apps.roaming.client.calls import AnswerLost, PeerNotReached
from apps.roaming.client.origins import AddressRefused
from apps.roaming.models import Peer, SentCommand
from apps.roaming.ocpi.commands import (
    Command,
    Place,
    write_cancellation,
    write_reservation,
    write_unlock,
)
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.tokens import TokenMessage, Written
from apps.roaming.ocpi.versions import Interface
from apps.roaming.secrets import hash_token
from apps.roaming.services.commands import CommandNotPossible, Order, send_command

# Reservation ids of 2.1.1 are numbers, and fit every version as text.
LARGEST_RESERVATION_ID = 2**31 - 1


def reservation_id_of(*said: object) -> str:
    """The same for a form that is sent twice, another one for each other form or other values."""
    digest = hashlib.sha256("\n".join(map(str, said)).encode()).digest()
    return str(1 + int.from_bytes(digest[:8]) % LARGEST_RESERVATION_ID)


def reserve(
    *, peer: Peer, operator: PartyRef, token: TokenMessage, place: Place, expires_at: datetime,
    reason: str, now: datetime, reservation_id: str,
) -> SentCommand:  # fmt: skip
    """RESERVE_NOW; the same reservation id again replaces the reservation."""

    def write(url: str) -> Written:
        return write_reservation(
            token=token, place=place, expires_at=expires_at, reservation_id=reservation_id,
            reference=reservation_id, response_url=url, version=peer.ocpi_version,
        )  # fmt: skip

    order = Order(Command.RESERVE_NOW, write, operator, reservation_id, sender=token.party)
    return _ask(peer, order, reason, now)


def cancel_reservation(
    *, peer: Peer, operator: PartyRef, reservation_id: str, reason: str, now: datetime
) -> SentCommand:
    """CANCEL_RESERVATION; 2.1.1 has none."""
    if not peer.ocpi_version.has_roles:
        raise CommandNotPossible("OCPI 2.1.1 has no command to cancel a reservation.")

    def write(url: str) -> Written:
        return write_cancellation(
            reservation_id=reservation_id, response_url=url, version=peer.ocpi_version
        )

    order = Order(Command.CANCEL_RESERVATION, write, operator, reservation_id)
    return _ask(peer, order, reason, now)


def unlock_connector(
    *, peer: Peer, operator: PartyRef, place: Place, reason: str, now: datetime
) -> SentCommand:
    """UNLOCK_CONNECTOR."""
    order = Order(
        Command.UNLOCK_CONNECTOR,
        lambda url: write_unlock(place=place, response_url=url),
        operator,
        place.evse_uid,
    )
    return _ask(peer, order, reason, now)


def set_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, profile: dict[str, Any], reason: str,
    now: datetime,
) -> SentCommand:  # fmt: skip
    """Set the charging profile of a session (`mod_charging_profiles`, PUT)."""
    order = Order(
        Command.SET_CHARGING_PROFILE,
        lambda url: Written({"charging_profile": profile, "response_url": url}),
        operator, session_id, module="chargingprofiles", method="PUT",
        path=lambda url: f"/{quote(session_id, safe='')}",
    )  # fmt: skip
    return _ask(peer, order, reason, now)


def ask_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, seconds: int, reason: str, now: datetime
) -> SentCommand:
    """Ask for the profile of the next `seconds`; it comes as the result."""
    order = Order(
        Command.GET_CHARGING_PROFILE, lambda url: Written({}), operator, session_id,
        module="chargingprofiles", method="GET",
        path=lambda url: _path(session_id, duration=seconds, response_url=url),
    )  # fmt: skip
    return _ask(peer, order, reason, now)


def clear_charging_profile(
    *, peer: Peer, operator: PartyRef, session_id: str, reason: str, now: datetime
) -> SentCommand:
    """Take our profile away."""
    order = Order(
        Command.CLEAR_CHARGING_PROFILE, lambda url: Written({}), operator, session_id,
        module="chargingprofiles", method="DELETE",
        path=lambda url: _path(session_id, response_url=url),
    )  # fmt: skip
    return _ask(peer, order, reason, now)


def set_charging_preferences(
    *, peer: Peer, operator: PartyRef, session_id: str, preferences: dict[str, Any], reason: str,
    now: datetime,
) -> SentCommand:  # fmt: skip
    """What the driver wants (`mod_sessions`, PUT charging_preferences); answered, never resulted.

    From 2.2 on.
    """
    if not peer.ocpi_version.has_roles:
        raise CommandNotPossible("OCPI 2.1.1 has no charging preferences.")
    order = Order(
        Command.CHARGING_PREFERENCES, lambda url: Written(preferences), operator, session_id,
        module="sessions", interface=Interface.SENDER, method="PUT",
        path=lambda url: f"/{quote(session_id, safe='')}/charging_preferences",
    )  # fmt: skip
    return _ask(peer, order, reason, now)


def _path(session_id: str, **query: Any) -> str:
    return f"/{quote(session_id, safe='')}?{urlencode(query)}"


def _ask(peer: Peer, order: Order, reason: str, now: datetime) -> SentCommand:
    # What happened is noted in the sent command; staff read it there.
    with suppress(PeerNotReached, AnswerLost, AddressRefused):
        send_command(peer=peer, order=order, now=now)
    sent: SentCommand = SentCommand.objects.get(callback_hash=hash_token(order.secret))
    note(
        f"sent {order.command}", object_type=sent._meta.label_lower, object_id=str(sent.pk),
        object_label=str(sent), reason=reason,
        after={"operator": sent.operator, "reference": sent.reference, "state": sent.state},
    )  # fmt: skip
    return sent
