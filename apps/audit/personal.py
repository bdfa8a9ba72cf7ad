"""Personal values, readable only while the key of their person exists.

A protected value is the text `pd1.<person>.<nonce and AES-256-GCM ciphertext>`, so that it fits
wherever a text fits: a column, a value inside JSON, a piece of a sentence. Reading reveals it;
after the key was destroyed it reads "(erased)". A value of several persons is the text
`pd2.<piece>+<piece>+<ciphertext>`: each of the pieces, which are such protected values themselves,
holds a share of its key, so that it ends with any of them.
"""

import json
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from apps.audit.models.persons import PersonKey

ERASED = "(erased)"
# In a person's export, in place of what is somebody else's.
OTHERS = '"***"'
PREFIX = "pd1."
JOINT = "pd2."
# How long another process may still read what was just erased.
KEEP_SECONDS = 60
_KEEP_MOST = 20_000
_NONCE = 12
_CONTRACTS = UUID("5b1f9d0e-3c5f-4c57-9e0a-7d6a2a0d9b11")
_CARDS = UUID("0c0e7b52-6f1c-4b52-8a35-3d1f2a9c4e77")
_ONE = r"pd1\.[0-9a-f]{32}\.[A-Za-z0-9_=-]+"
_PIECE = re.compile(rf"pd2\.(?:{_ONE}\+)+[A-Za-z0-9_=-]+|{_ONE}")

# Keys that this process has seen, until when (monotonic seconds): enough to read with.
_seen: dict[UUID, tuple[bytes | None, float]] = {}
# Those known to be committed, enough to write with: a key made in a transaction that is rolled
# back would leave what was written with it unreadable.
_committed: set[UUID] = set()

Keyring = dict[UUID, bytes | None]


def person_of_contract(contract_id: str) -> UUID | None:
    """The person behind a contract id, known before we know whose contract it is."""
    return uuid5(_CONTRACTS, contract_id.upper()) if contract_id else None


def person_of_card(uid: str) -> UUID | None:
    """The person behind a card's uid, where a message names no contract."""
    return uuid5(_CARDS, uid.upper()) if uid else None


def person_of_token(contract_id: str, uid: str) -> UUID | None:
    """The person who charges with a token, known or not: by the contract, else by the card."""
    return person_of_contract(contract_id) or person_of_card(uid)


def protect(value: Any, person_id: UUID | None, keys: Keyring | None = None) -> Any:
    """The JSON-ready value under the person's key, which is made when there is none.

    Nothing to protect (None, empty) or nobody to protect: the value as it is. `keys` spares a
    query per value when many are written (see keyring()).
    """
    if person_id is None or value in (None, "", [], {}):
        return value
    if keys is None or person_id not in keys:
        keys = keyring([person_id])
    key = keys[person_id]
    if key is None:
        return ERASED
    return f"{PREFIX}{person_id.hex}.{_seal(value, key, person_id.bytes)}"


def protect_jointly(value: Any, person_ids: Iterable[UUID], keys: Keyring | None = None) -> Any:
    """As protect(), for a value of several persons: "(erased)" as soon as one of them is."""
    persons = sorted(set(person_ids))
    if len(persons) < 2 or value in (None, "", [], {}):
        return protect(value, persons[0] if persons else None, keys)
    shares = [secrets.token_hex(32) for _ in persons]
    pieces = [protect(share, p, keys) for share, p in zip(shares, persons, strict=True)]
    if ERASED in pieces:
        return ERASED
    return JOINT + "+".join([*pieces, _seal(value, _joint_key(shares), b"")])


def _joint_key(shares: list[str]) -> bytes:
    return sha256("".join(shares).encode()).digest()


def _seal(value: Any, key: bytes, bound_to: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE)
    text = json.dumps(value, default=str, ensure_ascii=False).encode()
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text, bound_to)).decode()


def _open(sealed: str, key: bytes, bound_to: bytes) -> Any:
    """Raises InvalidTag, ValueError."""
    data = urlsafe_b64decode(sealed)
    return json.loads(AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], bound_to))


def erased(text: str) -> str:
    """In place of a text about a person: that there was one."""
    return ERASED if text else ""


def reveal(value: Any) -> Any:
    """The value with each protected text in it, however deep, made readable or "(erased)"."""
    if isinstance(value, str):
        return _reveal_text(value) if PREFIX in value else value
    if isinstance(value, dict):
        return {name: reveal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [reveal(inner) for inner in value]
    return value


def reveal_only(text: str, person_ids: Container[UUID]) -> str:
    """A stored text with what is protected for these persons readable, and left out for others."""

    def piece(found: re.Match[str]) -> str:
        theirs = all(person in person_ids for person in persons_in([found[0]]))
        return str(_reveal_whole(found[0])) if theirs else OTHERS

    return _PIECE.sub(piece, text)


def _reveal_text(text: str) -> Any:
    if _PIECE.fullmatch(text):
        return _reveal_whole(text)
    return _PIECE.sub(lambda found: str(_reveal_whole(found[0])), text)


def _reveal_whole(text: str) -> Any:
    if text.startswith(JOINT):
        return _reveal_joint(text)
    try:
        _, person, sealed = text.split(".")
        person_id = UUID(person)
    except ValueError:
        return text
    for key in _keys_to_read(person_id):
        if key is None:
            return ERASED
        try:
            return _open(sealed, key, person_id.bytes)
        except (InvalidTag, ValueError):
            continue
    return text


def _reveal_joint(text: str) -> Any:
    *pieces, sealed = text.removeprefix(JOINT).split("+")
    shares = [str(_reveal_whole(piece)) for piece in pieces]
    if ERASED in shares:
        return ERASED
    try:
        return _open(sealed, _joint_key(shares), b"")
    except (InvalidTag, ValueError):
        return text


def _keys_to_read(person_id: UUID) -> Iterator[bytes | None]:
    """The key in memory, then, should it not fit, the one in the database."""
    key, until = _seen.get(person_id, (None, 0.0))
    if until > time.monotonic():
        yield key
    yield _stored({person_id}).get(person_id)


def persons_in(texts: Iterable[str]) -> set[UUID]:
    """Whose protected values occur in the texts (columns, or JSON as text)."""
    found = set()
    for text in texts:
        for part in text.split(PREFIX)[1:]:
            try:
                found.add(UUID(part[:32]))
            except ValueError:
                continue
    return found


def keyring(person_ids: Iterable[UUID | None]) -> Keyring:
    """The keys of these persons to write with, made where missing; one query, or none."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    now = time.monotonic()
    held = {p: _seen[p][0] for p in wanted & _committed if _seen.get(p, (None, 0.0))[1] > now}
    if not (unknown := wanted - held.keys()):
        return held
    found = _stored(unknown)
    if new := unknown - found.keys():
        rows = [
            PersonKey(person_id=person_id, key=secrets.token_bytes(32)) for person_id in sorted(new)
        ]
        # Another transaction may make the same keys now: whoever is first wins, and in one order
        # everywhere, so that two don't wait for each other.
        PersonKey.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        found |= _stored(new)
    transaction.on_commit(lambda: _committed.update(unknown))
    return held | found


def load_keys(person_ids: Iterable[UUID]) -> None:
    """Fetch many keys with one query, before the values of a page are read one by one."""
    now = time.monotonic()
    _stored({p for p in person_ids if _seen.get(p, (None, 0.0))[1] <= now})


def destroy_keys(person_ids: Iterable[UUID], *, now: datetime) -> int:
    """Make all that was ever protected for these persons unreadable; how many had a key.

    Nothing new can be protected for them either. Another process may hold a key in memory for
    KEEP_SECONDS more.
    """
    persons = set(person_ids)
    stored = _stored(persons)
    destroyed = PersonKey.objects.filter(person_id__in=persons, destroyed_at=None).update(
        key=None, destroyed_at=now
    )
    PersonKey.objects.bulk_create(
        [PersonKey(person_id=person_id, destroyed_at=now) for person_id in persons - stored.keys()]
    )
    forget_keys()
    return destroyed


def forget_keys() -> None:
    """Drop all keys that this process holds in memory."""
    _seen.clear()
    _committed.clear()


def _stored(person_ids: set[UUID]) -> Keyring:
    found: Keyring = {}
    ids = sorted(person_ids)
    for start in range(0, len(ids), 500):
        batch = ids[start : start + 500]
        rows = PersonKey.objects.filter(person_id__in=batch).values_list("person_id", "key")
        found |= {person_id: bytes(key) if key else None for person_id, key in rows}
    if len(_seen) > _KEEP_MOST:
        forget_keys()
    until = time.monotonic() + KEEP_SECONDS
    _seen.update({person_id: (key, until) for person_id, key in found.items()})
    return found
