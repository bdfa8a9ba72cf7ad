"""Headers of OCPI: the credentials token, message ids, routing (`transport_and_format`)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

REQUEST_ID = "X-Request-ID"
CORRELATION_ID = "X-Correlation-ID"
# Never in a log, neither sent nor received.
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})

_TOKEN = re.compile(r"[!-~]{1,2000}")
_PARTY = re.compile(r"[A-Z0-9]{2}\*[!-~]{1,3}")


def presented_tokens(authorization: str) -> list[str]:
    """What the header may mean: the token decoded from base64, and the token as it stands.

    From 2.2-d2 on it is base64; many 2.1.1 and 2.2 peers send it plain, so both are tried.
    Empty when the header is not of the form `Token <token>`.
    """
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() != "token" or not _TOKEN.fullmatch(value):
        return []
    decoded = _from_base64(value)
    return [decoded, value] if decoded else [value]


def _from_base64(value: str) -> str:
    try:
        decoded = base64.b64decode(value, validate=True).decode("utf-8").strip()
    except (binascii.Error, ValueError):
        return ""
    return decoded if _TOKEN.fullmatch(decoded) else ""


def authorization(token: str, *, as_base64: bool) -> str:
    """The header's value that presents a token."""
    return f"Token {base64.b64encode(token.encode()).decode() if as_base64 else token}"


@dataclass(frozen=True, slots=True)
class PartyRef:
    """A party: country code and party id, kept in capitals because ids compare without case."""

    country_code: str
    party_id: str

    @classmethod
    def of(cls, country_code: str, party_id: str) -> "PartyRef":
        return cls(country_code.strip().upper(), party_id.strip().upper())

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id}"

    @property
    def can_be(self) -> bool:
        """Is it of the form that parties have (`credentials`, CredentialsRole)?"""
        return _PARTY.fullmatch(str(self)) is not None


@dataclass(frozen=True, slots=True)
class Routing:
    """From whom to whom a message goes; either side may be left out (open routing)."""

    sender: PartyRef | None = None
    receiver: PartyRef | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> "Routing":
        """From headers, whatever the case of their names."""
        by_name = {name.lower(): value for name, value in headers.items()}
        return cls(_party(by_name, "from"), _party(by_name, "to"))

    def reversed(self) -> "Routing":
        """That of the answer."""
        return Routing(self.receiver, self.sender)

    def headers(self) -> dict[str, str]:
        """As headers; a side that is open has none."""
        named = {}
        for side, party in (("from", self.sender), ("to", self.receiver)):
            if party is not None:
                named[f"OCPI-{side}-country-code"] = party.country_code
                named[f"OCPI-{side}-party-id"] = party.party_id
        return named


def _party(headers: Mapping[str, str], side: str) -> PartyRef | None:
    country = headers.get(f"ocpi-{side}-country-code", "").strip()
    party = headers.get(f"ocpi-{side}-party-id", "").strip()
    return PartyRef.of(country, party) if country and party else None


def blanked(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be kept: secrets are blanked."""
    return {
        name: "***" if name.lower() in SECRET_HEADERS else value for name, value in headers.items()
    }
