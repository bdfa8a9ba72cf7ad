"""Tokens of the connections: ours are kept as hashes, theirs encrypted under the secret key."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.core.errors import DomainError


class SecretUnreadable(DomainError):
    """A stored token can't be decrypted: SECRET_KEY is another one than when it was stored."""

    code = "ROAMING_SECRET_UNREADABLE"
    http_status = 500


def new_token() -> str:
    """43 printable characters, 32 random bytes; OCPI allows 64."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token that we gave: SHA-256, enough for 32 random bytes."""
    return hashlib.sha256(token.encode()).hexdigest()


def _cipher() -> Fernet:
    derive = HKDF(SHA256(), length=32, salt=None, info=b"evcharge.roaming.peer-token")
    return Fernet(base64.urlsafe_b64encode(derive.derive(settings.SECRET_KEY.encode())))


def encrypt_token(token: str) -> str:
    return _cipher().encrypt(token.encode()).decode()


def decrypt_token(stored: str) -> str:
    """Raises SecretUnreadable."""
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "The peer's token can't be decrypted; was SECRET_KEY changed? Register the peer anew."
        ) from None
