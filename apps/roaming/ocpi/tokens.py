"""Tokens as each version writes them, and what a version can't say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import LONGEST_EVSE_UID, LONGEST_LOCATION_ID
from apps.roaming.ocpi.times import write_time
from apps.roaming.ocpi.versions import Version

# 2.1.1 knows RFID and OTHER only (`mod_tokens`, TokenType).
_TYPES_OF_2_1_1 = {"RFID", "OTHER"}


@dataclass(frozen=True, slots=True)
class TokenMessage:
    """What a driver charges with, in the newest version's words."""

    party: PartyRef
    uid: str
    type: str
    contract_id: str
    issuer: str
    valid: bool
    whitelist: str
    last_updated: datetime
    visual_number: str = ""
    language: str = ""
    group_id: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A message in a version's words, and what that version could not say."""

    body: Any
    unsaid: tuple[str, ...] = ()


def type_in(version: Version, token_type: str) -> str:
    """The TokenType that a version has for it."""
    if version.has_roles or token_type in _TYPES_OF_2_1_1:
        return token_type
    return "OTHER"


def write_token(token: TokenMessage, version: Version) -> Written:
    """The Token object of a version."""
    return _write_2_2(token) if version.has_roles else _write_2_1_1(token)


def _write_2_2(token: TokenMessage) -> Written:
    body = {
        "country_code": token.party.country_code,
        "party_id": token.party.party_id,
        "uid": token.uid,
        "type": token.type,
        "contract_id": token.contract_id,
        "visual_number": token.visual_number,
        "issuer": token.issuer[:64],
        "group_id": token.group_id,
        "valid": token.valid,
        "whitelist": token.whitelist,
        "language": token.language[:2],
        "last_updated": write_time(token.last_updated),
    }
    return Written(_without_empty(body))


def _write_2_1_1(token: TokenMessage) -> Written:
    body = {
        "uid": token.uid,
        "type": type_in(Version.V2_1_1, token.type),
        "auth_id": token.contract_id,
        "visual_number": token.visual_number,
        "issuer": token.issuer[:64],
        "valid": token.valid,
        "whitelist": token.whitelist,
        "language": token.language[:2],
        "last_updated": write_time(token.last_updated),
    }
    unsaid = []
    if token.group_id:
        unsaid.append("group_id")
    if token.type not in _TYPES_OF_2_1_1:
        unsaid.append(f"type {token.type}, sent as OTHER")
    return Written(_without_empty(body), tuple(unsaid))


def _without_empty(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value != ""}


def write_token_list(tokens: Sequence[TokenMessage], version: Version) -> Written:
    """Token objects, and of how many of them what could not be said."""
    written = [write_token(token, version) for token in tokens]
    counts = Counter(unsaid for one in written for unsaid in one.unsaid)
    unsaid = tuple(f"{what} (tokens: {count})" for what, count in counts.items())
    return Written([one.body for one in written], unsaid)


def check_token(fields: Fields, version: Version) -> None:
    """A token that another eMSP owns has the form of its version. Raises InvalidMessage."""
    fields.identifier("uid")
    fields.text("type")
    fields.identifier("contract_id" if version.has_roles else "auth_id")
    fields.text("issuer")
    fields.text("whitelist")
    if "valid" not in fields.members:
        fields.text("valid")
    fields.flag("valid")
    fields.time("last_updated")


@dataclass(frozen=True, slots=True)
class LocationReferences:
    """Where a token is to be authorized; empty ids mean everywhere. 2.1.1 alone has connectors."""

    location_id: str = ""
    evse_uids: tuple[str, ...] = ()
    connector_ids: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Any) -> "LocationReferences":
        """From the body of a real-time authorization, which may be empty."""
        if body is None or body == {}:
            return cls()
        fields = Fields.of(body, "")
        return cls(
            fields.identifier("location_id", longest=LONGEST_LOCATION_ID),
            fields.identifiers("evse_uids", longest=LONGEST_EVSE_UID),
            fields.identifiers("connector_ids"),
        )

    def write(self, version: Version) -> dict[str, Any]:
        """The object in a version's words."""
        body: dict[str, Any] = {"location_id": self.location_id}
        if self.evse_uids:
            body["evse_uids"] = list(self.evse_uids)
        if self.connector_ids and version is Version.V2_1_1:
            body["connector_ids"] = list(self.connector_ids)
        return body


def write_authorization(
    *, token: TokenMessage, allowed: str, reference: str, place: LocationReferences,
    version: Version, reference_name: str,
) -> Written:  # fmt: skip
    """AuthorizationInfo; 2.1.1 has neither token nor reference, Gireve adds `authorization_id`."""
    body: dict[str, Any] = {"allowed": allowed}
    unsaid = []
    if version.has_roles:
        written = write_token(token, version)
        body["token"], unsaid = written.body, [*written.unsaid]
    else:
        unsaid.append("token")
    if place.location_id:
        body["location"] = place.write(version)
    if reference and reference_name:
        body[reference_name] = reference
    elif reference:
        unsaid.append("authorization_reference")
    return Written(body, tuple(unsaid))
