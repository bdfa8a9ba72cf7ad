"""Who calls the partner API: `Authorization: Bearer evc_<prefix>_<secret>`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import secrets
from apps.accounts.models import Credential, Provider
from apps.accounts.services.credentials import note_use
from apps.audit.context import Actor, set_actor

# Compared against when no credential has the prefix, so that both cases take as long.
_NO_DIGEST: Final = secrets.digest("")


@dataclass(frozen=True, slots=True)
class CredentialPrincipal:
    """The caller of the API as DRF's `request.user`; no person, so no `User`."""

    credential: Credential
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    @property
    def pk(self) -> UUID:
        return self.credential.pk

    @property
    def provider(self) -> Provider | None:
        """The provider whose data it sees; None for a roaming party."""
        return self.credential.provider

    @property
    def operator_party(self) -> str:
        """The roaming party ("NL*EFL") it speaks for; empty for a provider."""
        return str(self.credential.operator_party)

    def __str__(self) -> str:
        return str(self.credential)


class CredentialAuthentication(BaseAuthentication):
    """Finds the credential by its public prefix; `request.auth` is the Credential."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        credential = _find(text.strip(), now=timezone.now())
        note_use(credential=credential, now=timezone.now())
        set_actor(Actor.credential(credential))
        return CredentialPrincipal(credential), credential

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


def _find(text: str, *, now: datetime) -> Credential:
    sent = secrets.parse(text)
    if sent is None:
        raise AuthenticationFailed(
            "The credential is not of the form evc_<prefix>_<secret>.", code="CREDENTIAL_MALFORMED"
        )
    found = Credential.objects.select_related("provider").filter(prefix=sent.prefix).first()
    known = secrets.matches(sent.secret, found.secret_hash if found else _NO_DIGEST)
    if found is None or not known:
        raise AuthenticationFailed("The credential is not known.", code="CREDENTIAL_UNKNOWN")
    if found.revoked_at is not None:
        raise AuthenticationFailed("The credential was revoked.", code="CREDENTIAL_REVOKED")
    if found.expires_at is not None and found.expires_at <= now:
        raise AuthenticationFailed("The credential has expired.", code="CREDENTIAL_EXPIRED")
    return cast(Credential, found)
