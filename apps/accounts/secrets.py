"""The text of an API credential: `evc_<prefix>_<secret>`, made, split and compared. No ORM."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "evc"
_PREFIX_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_PREFIX_LENGTH: Final = 12
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class CredentialText:
    """A credential as a partner sends it: a public prefix to find it by, and the secret."""

    prefix: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"{MARK}_{self.prefix}_{self.secret}"


def generate() -> CredentialText:
    """A new prefix of 12 characters and a secret of 32 random bytes."""
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LENGTH))
    return CredentialText(prefix, secrets.token_urlsafe(_SECRET_BYTES))


def parse(text: str) -> CredentialText | None:
    """The parts of a sent credential, or None when it is not of our form."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or len(prefix) != _PREFIX_LENGTH or not secret or not text.isascii():
        return None
    return CredentialText(prefix, secret)


def digest(secret: str) -> str:
    """SHA-256 in hex. No salt and no stretching: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, stored_digest: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(digest(secret), stored_digest)
