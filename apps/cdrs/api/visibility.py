"""What a credential may see, and what it may do with it."""

from typing import Any

from rest_framework.request import Request

from apps.accounts.models import Credential, Provider
from apps.cdrs.messages import CdrMessage
from apps.core.errors import DomainError


class NotForRoamingPeers(DomainError):
    """A roaming peer sends CDRs; whether we owe them is not its decision."""

    code = "NOT_FOR_ROAMING_PEERS"
    http_status = 403


class NotYourParty(DomainError):
    """A roaming peer speaks for one party."""

    code = "NOT_YOUR_PARTY"
    http_status = 403


def provider_of(request: Request) -> Provider | None:
    """The provider that the credential belongs to; None for a roaming peer."""
    credential = request.auth
    assert isinstance(credential, Credential)  # noqa: S101 - HasScope let no other in
    return credential.provider


def visible(queryset: Any, request: Request) -> Any:
    """A provider's own; a roaming peer's own; nobody sees more."""
    credential = request.auth
    assert isinstance(credential, Credential)  # noqa: S101 - HasScope let no other in
    if credential.provider is not None:
        return queryset.of_provider(credential.provider)
    country, _, party = credential.operator_party.partition("*")
    return queryset.filter(country_code__iexact=country, party_id__iexact=party)


def check_party(message: CdrMessage, request: Request) -> None:
    """Raises NotYourParty when a roaming peer posts in another's name."""
    own = getattr(request.auth, "operator_party", "")
    sent = f"{message.country_code}*{message.party_id}"
    if own and own.upper() != sent.upper():
        raise NotYourParty(f"This credential speaks for {own}, not for {sent}.")


def check_reviewer(request: Request) -> None:
    """Raises NotForRoamingPeers."""
    if provider_of(request) is None:
        raise NotForRoamingPeers("A roaming peer can send CDRs; it can't accept or reject them.")
