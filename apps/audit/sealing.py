"""The mathematics of seals: keyed hashes over canonical text. No ORM, no clock.

Keys: AUDIT_SEAL_KEY signs; AUDIT_SEAL_OLD_KEYS still verify what they signed. A key is named by
the first eight hex digits of its SHA-256.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.core.errors import DomainError


class UnknownKey(DomainError):
    """Something was signed with a key that is not in AUDIT_SEAL_KEY or AUDIT_SEAL_OLD_KEYS."""

    code = "AUDIT_KEY_UNKNOWN"


def key_id_of(key: str) -> str:
    """The public name of a key."""
    return hashlib.sha256(b"evcharge audit key " + key.encode()).hexdigest()[:8]


def current_key_id() -> str:
    """The name of the key that signs now."""
    return _key_ids((settings.AUDIT_SEAL_KEY,))[0]


def keys() -> list[str]:
    """The names of all known keys, oldest first, the one that signs last."""
    return _key_ids((*settings.AUDIT_SEAL_OLD_KEYS, settings.AUDIT_SEAL_KEY))


def sign(message: bytes, *, key_id: str) -> str:
    """HMAC-SHA256 as 64 hex digits. Raises UnknownKey."""
    return hmac.digest(_key(key_id), message, "sha256").hex()


def as_text(value: Any, *, exact: bool = False) -> str:
    """A value as it is hashed: the same from Python and from either database."""
    if value is None:
        return ""
    if exact and not isinstance(value, str):
        return json.dumps(
            value, default=str, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return value.hex
    return str(value)


@cache
def hashed_fields(model: Any) -> tuple[Any, ...]:
    """All columns but the hash itself, in an order of their own."""
    fields = [field for field in model._meta.concrete_fields if field.name != "hash"]
    return tuple(sorted(fields, key=lambda field: field.attname))


def entry_hash(texts: Sequence[str], *, key_id: str) -> str:
    """The hash of an entry, over its columns' texts in the order of hashed_fields()."""
    # Lengths first, so that no two rows give the same message.
    lengths = ",".join(map(str, map(len, texts)))
    return sign(f"entry\n{lengths}\n{''.join(texts)}".encode(), key_id=key_id)


def digest_of(entries: Iterable[tuple[UUID, str]]) -> str:
    """SHA-256 over the (id, hash) of entries, in the order of their ids."""
    running = hashlib.sha256()
    for entry_id, entry_hash in entries:
        running.update(entry_id.bytes + bytes.fromhex(entry_hash))
    return running.hexdigest()


def seal_hash(
    *, number: int, sealed_at: datetime, entries: int, digest: str, previous: str, key_id: str
) -> str:
    """The hash of a seal, over its set of entries and over the seal before it."""
    parts = ("seal", number, as_text(sealed_at), entries, digest, previous, key_id)
    return sign("\n".join(map(str, parts)).encode(), key_id=key_id)


def _key(key_id: str) -> bytes:
    key = _by_id((settings.AUDIT_SEAL_KEY, *settings.AUDIT_SEAL_OLD_KEYS)).get(key_id)
    if key is not None:
        return key
    raise UnknownKey(
        f"The key {key_id!r} is unknown. Add the retired key to AUDIT_SEAL_OLD_KEYS.", key=key_id
    )


@cache
def _by_id(all_keys: tuple[str, ...]) -> dict[str, bytes]:
    return {key_id_of(key): key.encode() for key in all_keys}


@cache
def _key_ids(all_keys: tuple[str, ...]) -> list[str]:
    return [key_id_of(key) for key in all_keys]
