"""What a hub does differently from the specification, per profile and version.

Gireve: the technical guides for OCPI 2.1.1 and 2.2.1 (CNX-GIREVE/GIREVE_Tech_OCPI_V2.1.1, _V2.2.1).
"""

from dataclasses import dataclass, field, replace
from typing import Final

from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version

STANDARD: Final = "STANDARD"
GIREVE: Final = "GIREVE"
GIREVE_TEST: Final = "GIREVE_TEST"

_ALL_COMMANDS = frozenset(
    {"START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR",
     "SET_CHARGING_PROFILE", "GET_CHARGING_PROFILE", "CLEAR_CHARGING_PROFILE",
     "CHARGING_PREFERENCES"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """How a kind of peer behaves.

    page_limits     what to ask for per page and module; others: the peer decides
    reference_name  the field that carries our authorization reference; "" when there is none
    hub             the hub's own party, to which every request is addressed
    takes_registration   we may POST our credentials to it; else it registers with us
    updates_credentials  we may PUT new ones
    """

    commands: frozenset[str] = _ALL_COMMANDS
    page_limits: dict[str, int] = field(default_factory=dict)
    reference_name: str = "authorization_reference"
    hub: PartyRef | None = None
    evse_needed_on_start: bool = False
    operator_name_is_party: bool = False
    takes_registration: bool = True
    updates_credentials: bool = True
    strict_rfid: bool = False
    tariffs_are_pulled_by_operator: bool = False
    routing_headers: bool = True


_GIREVE_2_2_1 = Profile(
    commands=frozenset({"START_SESSION", "STOP_SESSION"}),
    page_limits={"locations": 100, "tokens": 1000, "cdrs": 20, "tariffs": 100},
    hub=PartyRef("FR", "007"),
    evse_needed_on_start=True,
    # «Gireve has only implemented the "Register - FromIOP" and "Unregister - FromIOP" use cases».
    takes_registration=False,
    updates_credentials=False,
    strict_rfid=True,
)
_GIREVE_2_1_1 = replace(
    _GIREVE_2_2_1,
    page_limits={"locations": 20, "cdrs": 20, "tariffs": 100},
    reference_name="authorization_id",
    operator_name_is_party=True,
    takes_registration=True,
    updates_credentials=True,
    tariffs_are_pulled_by_operator=True,
    # «These extra headers should not be considered yet in OCPI 2.1.1», but with lists of one
    # operator.
    routing_headers=False,
)


def profile_of(name: str, version: str) -> Profile:
    """The profile of a peer that speaks this version."""
    old = version == Version.V2_1_1
    if name == STANDARD:
        return Profile(reference_name="", routing_headers=False) if old else Profile()
    profile = _GIREVE_2_1_1 if old else _GIREVE_2_2_1
    return replace(profile, hub=PartyRef("FR", "107")) if name == GIREVE_TEST else profile


def rfid_uid(uid: str) -> str | None:
    """The uid as Gireve takes it: 8 or 14 hexadecimal capitals with leading zeros; else None.

    «Leading zeros must be provided to reach 8 characters in case of 4 bytes UID or 14 characters
    in case of 7 bytes UID»; requests with another form are rejected.
    """
    digits = uid.strip().upper()
    if not digits or any(digit not in "0123456789ABCDEF" for digit in digits) or len(digits) > 14:
        return None
    return digits.zfill(8 if len(digits) <= 8 else 14)


def rfid_spellings(uid: str) -> set[str]:
    """The uids, with fewer leading zeros, that Gireve knows as the same card as `uid`."""
    full = rfid_uid(uid)
    if full is None:
        return set()
    digits = full.lstrip("0")
    spellings = {digits.zfill(length) for length in range(max(len(digits), 1), len(full) + 1)}
    return {spelling for spelling in spellings if rfid_uid(spelling) == full}
