"""Credentials objects of the three versions (`credentials`)."""

import re
from dataclasses import dataclass, field
from typing import Any

from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.parties import read_party
from apps.roaming.ocpi.tokens import Written
from apps.roaming.ocpi.versions import Endpoint, Interface, Role, Version, interface_of_2_1_1

_TOKEN = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class RoleMessage:
    """A party of a platform, in one role."""

    role: str
    party: PartyRef
    business_details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.business_details.get("name", ""))


@dataclass(frozen=True, slots=True)
class CredentialsMessage:
    """How to reach a platform; 2.1.1 has one party and does not say in which role."""

    token: str
    url: str
    roles: tuple[RoleMessage, ...]
    hub: PartyRef | None = None


def read_credentials(fields: Fields, version: Version) -> CredentialsMessage:
    """Raises InvalidMessage."""
    token = fields.text("token").strip()
    if not _TOKEN.fullmatch(token):
        raise InvalidMessage("token must be printable ASCII without spaces.", field="token")
    roles = tuple(_roles(fields)) if version.has_roles else (_party_2_1_1(fields),)
    if not roles:
        raise InvalidMessage("Missing required field: roles.", field="roles")
    hub = fields.opt_text("hub_party_id", longest=5)
    hub_party = PartyRef.of(hub[:2], hub[2:])
    return CredentialsMessage(
        token=token,
        url=fields.text("url", longest=500).strip(),
        roles=roles,
        hub=hub_party if hub_party.can_be else None,
    )


def _roles(fields: Fields) -> Any:
    for role in fields.objects("roles"):
        details = role.object("business_details").members
        yield RoleMessage(role.text("role", longest=40).upper(), read_party(role), details)


def _party_2_1_1(fields: Fields) -> RoleMessage:
    """The side that connects to an eMSP in 2.1.1 is a CPO, or a hub that acts as one."""
    return RoleMessage(Role.CPO, read_party(fields), fields.object("business_details").members)


def write_credentials(credentials: CredentialsMessage, version: Version) -> Written:
    """The Credentials object of a version; 2.1.1 can name only the first party."""
    if not version.has_roles:
        return _write_2_1_1(credentials)
    body = {
        "token": credentials.token,
        "url": credentials.url,
        "roles": [
            {
                "role": role.role,
                "business_details": role.business_details,
                "party_id": role.party.party_id,
                "country_code": role.party.country_code,
            }
            for role in credentials.roles
        ],
    }
    return Written(body)


def _write_2_1_1(credentials: CredentialsMessage) -> Written:
    first, *others = credentials.roles
    body = {
        "token": credentials.token,
        "url": credentials.url,
        "business_details": first.business_details,
        "party_id": first.party.party_id,
        "country_code": first.party.country_code,
    }
    return Written(body, tuple(f"party {role.party} ({role.role})" for role in others))


def read_versions(data: Any) -> dict[str, str]:
    """Version -> URL of its details. Raises InvalidMessage."""
    offered = {}
    for entry in Fields({"versions": data}).objects("versions"):
        offered[entry.text("version")] = entry.text("url")
    return offered


def read_details(data: Any, version: Version) -> list[Endpoint]:
    """The endpoints of a platform. Raises InvalidMessage.

    2.1.1 says no interface; the one who connects to an eMSP is taken for a CPO.
    """
    fields = Fields.of(data, "data")
    return [_endpoint(entry, version) for entry in fields.objects("endpoints")]


def _endpoint(entry: Fields, version: Version) -> Endpoint:
    identifier = entry.text("identifier").strip().lower()
    if version.has_roles:
        # The role of the credentials module has no meaning and is often left out.
        role = entry.opt_text("role").upper() or Interface.SENDER
    else:
        role = interface_of_2_1_1(identifier, peer_is_operator=True)
    return Endpoint(identifier, str(role), entry.text("url").strip())
