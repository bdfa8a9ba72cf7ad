"""The versions of OCPI that we speak, and which modules each has for an eMSP."""

from dataclasses import dataclass
from enum import StrEnum


class Version(StrEnum):
    """A version of OCPI, in the order of preference from old to new."""

    V2_1_1 = "2.1.1"
    V2_2_1 = "2.2.1"
    V2_3_0 = "2.3.0"

    @property
    def has_roles(self) -> bool:
        """From 2.2 on: roles, parties in the objects, routing headers, base64 tokens."""
        return self is not Version.V2_1_1


class Interface(StrEnum):
    """Which side of a module an endpoint is (`version_information_endpoint`, InterfaceRole)."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Role(StrEnum):
    """What a party is (`types`, Role)."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    PTP = "PTP"
    SCSP = "SCSP"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a module is: `identifier` as in ModuleID, `role` is always set (2.1.1 has none)."""

    identifier: str
    role: str
    url: str


# The modules that we serve as an eMSP, per interface.
SERVED: dict[str, Interface] = {
    "credentials": Interface.SENDER,
    "locations": Interface.RECEIVER,
    "sessions": Interface.RECEIVER,
    "cdrs": Interface.RECEIVER,
    "tariffs": Interface.RECEIVER,
    "tokens": Interface.SENDER,
    "commands": Interface.SENDER,
    "chargingprofiles": Interface.SENDER,
    "hubclientinfo": Interface.RECEIVER,
}
_SINCE_2_2 = {"chargingprofiles", "hubclientinfo"}


def is_called(endpoint: Endpoint) -> bool:
    """Do we call it? The other side of what we serve; modules we don't know may be anywhere."""
    ours = SERVED.get(endpoint.identifier)
    both_sides = endpoint.identifier in {"credentials", "tokens"}
    return ours is not None and (both_sides or endpoint.role != ours)


# 2.1.1 names no interface: what an endpoint is follows from the kind of party that has it.
_SENT_BY_CPO = {"locations", "sessions", "cdrs", "tariffs"}


def served_modules(version: Version) -> dict[str, Interface]:
    """The modules that we announce in the details of this version."""
    if version.has_roles:
        return SERVED
    return {name: role for name, role in SERVED.items() if name not in _SINCE_2_2}


def interface_of_2_1_1(identifier: str, *, peer_is_operator: bool) -> Interface:
    """Which interface a 2.1.1 endpoint of a CPO (or of an eMSP) is."""
    sends = (identifier in _SENT_BY_CPO) == peer_is_operator
    return Interface.SENDER if sends else Interface.RECEIVER


def newest_mutual(offered: dict[str, str]) -> Version | None:
    """The newest version that is among those offered (version -> URL) and ours."""
    ours = [version for version in Version if version in offered]
    return ours[-1] if ours else None
