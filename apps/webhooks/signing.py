"""Signatures: how a partner knows that a message is ours and fresh.

    Evcharge-Timestamp: 1767225600
    Evcharge-Signature: v1=<HMAC-SHA256, hex, over "<timestamp>.<body>">

The partner refuses timestamps older than some minutes, and compares in constant time.
"""

import base64
import hmac
import secrets

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def new_secret() -> str:
    """Shown once; 32 random bytes."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def encrypt_secret(secret: str) -> str:
    """As it is stored: under a key derived from SECRET_KEY."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt_secret(stored: str) -> str:
    return _cipher().decrypt(stored.encode()).decode()


def signature(*, secret: str, timestamp: int, body: bytes) -> str:
    """The value of Evcharge-Signature."""
    message = f"{timestamp}.".encode() + body
    return f"v1={hmac.digest(secret.encode(), message, 'sha256').hex()}"


def _cipher() -> Fernet:
    derive = HKDF(SHA256(), length=32, salt=None, info=b"evcharge.webhooks.secret")
    return Fernet(base64.urlsafe_b64encode(derive.derive(settings.SECRET_KEY.encode())))
