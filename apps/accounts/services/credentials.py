"""Issuing and revoking API credentials."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from apps.accounts import secrets
from apps.accounts.models import Credential, Provider
from apps.audit.context import Actor
from apps.audit.services import record
from apps.core.errors import InvalidInput

# A last use is written at most this often, so that a busy partner costs one write a minute.
LAST_USE_PRECISION: Final = timedelta(minutes=1)

# Accepting a claim for money is for the one who pays it, not for the peer who sends it.
_NOT_FOR_PEERS: Final = {Credential.Scope.CDRS_REVIEW}


class CredentialRefused(InvalidInput):
    """A credential with these owners or scopes can't be."""

    code = "CREDENTIAL_REFUSED"


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A new credential and, this one time, the text its owner sends."""

    credential: Credential
    text: str = field(repr=False)


def issue_credential(
    *,
    name: str,
    scopes: Collection[str],
    provider: Provider | None = None,
    operator_party: str = "",
    expires_at: datetime | None = None,
    reason: str = "",
    actor: Actor | None = None,
) -> IssuedCredential:
    """Make a credential of a provider or of a roaming party ("NL*EFL").

    Its text is in the answer and nowhere else. Raises CredentialRefused.
    """
    check_owner(provider=provider, operator_party=operator_party)
    check_scopes(scopes=scopes, for_peer=provider is None)
    text = secrets.generate()
    credential = Credential(
        name=name,
        scopes=sorted(set(scopes)),
        provider=provider,
        operator_party=operator_party,
        expires_at=expires_at,
        prefix=text.prefix,
        secret_hash=secrets.digest(text.secret),
    )
    record("issued API credential", credential, reason=reason, actor=actor)
    return IssuedCredential(credential, str(text))


def check_owner(*, provider: Provider | None, operator_party: str) -> None:
    """Exactly one owner. Raises CredentialRefused."""
    if (provider is None) == (operator_party == ""):
        raise CredentialRefused(
            "A credential belongs either to a provider or to a roaming party, not to both."
        )


def check_scopes(*, scopes: Collection[str], for_peer: bool) -> None:
    """At least one, all known, none that is not for a roaming peer. Raises CredentialRefused."""
    unknown = set(scopes) - set(Credential.Scope.values)
    if unknown:
        raise CredentialRefused(f"Unknown scope: {', '.join(sorted(unknown))}.")
    if not scopes:
        raise CredentialRefused("A credential needs at least one scope.")
    refused = _NOT_FOR_PEERS & set(scopes) if for_peer else set()
    if refused:
        raise CredentialRefused(
            f"A roaming party can't have the scope {', '.join(sorted(refused))}: "
            "it would decide about its own claims."
        )


def revoke_credential(
    *, credential: Credential, reason: str, now: datetime, actor: Actor | None = None
) -> Credential:
    """The credential opens nothing from now on; revoking it again changes nothing."""
    if credential.revoked_at is None:
        credential.revoked_at = now
        record("revoked API credential", credential, reason=reason, actor=actor)
    return credential


def note_use(*, credential: Credential, now: datetime) -> None:
    """Keep when the credential was last used, to the minute."""
    last = credential.last_used_at
    if last is not None and now - last < LAST_USE_PRECISION:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USE_PRECISION)
    Credential.objects.filter(due, pk=credential.pk).update(last_used_at=now)
    credential.last_used_at = now
