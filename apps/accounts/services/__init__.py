"""What changes parties; each module one kind of party."""

from apps.accounts.services.credentials import (
    CredentialRefused,
    IssuedCredential,
    issue_credential,
    revoke_credential,
)

__all__ = ["CredentialRefused", "IssuedCredential", "issue_credential", "revoke_credential"]
