"""Proves that the trail is whole: no entry changed, removed or inserted since it was written.

Reads the tables once, in order, and keeps only the seals in memory; compares bytes, so
that what was erased with its key verifies all the same.
"""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from apps.audit import sealing
from apps.audit.models import Entry, Seal
from apps.audit.seals import hash_of

# Processes that were not restarted yet may still sign with the key before.
KEY_OVERLAP = timedelta(days=1)
_FETCH = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written."""

    kind: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.message}"


@dataclass(slots=True)
class Counts:
    """What was looked at."""

    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    newest: str = ""


@dataclass(slots=True)
class Verification:
    """One pass over seals and entries; `findings()` may be stopped at the first."""

    expected_newest: str = ""
    counts: Counts = field(default_factory=Counts)
    _seals: dict[int, "Sealed"] = field(default_factory=dict)
    _first_seal_of_key: dict[int, datetime] = field(default_factory=dict)
    _place_of_key: dict[str, int] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """What is broken, missing or inserted, in the order of the seals."""
        self._place_of_key = {key_id: place for place, key_id in enumerate(sealing.keys())}
        with transaction.atomic():
            yield from self._chain()
            yield from self._sealed_entries()
            yield from self._unsealed_entries()

    def _chain(self) -> Iterator[Finding]:
        """Numbers without gaps, each seal over the one before it; the newest one is there."""
        previous, number, order = "", 0, -1
        for seal in Seal.objects.order_by("number").iterator(chunk_size=_FETCH):
            where = f"seal {seal.number}"
            if seal.number != number + 1:
                yield Finding("missing", f"seal {number + 1}", "the chain has a gap")
            elif seal.previous != previous:
                yield Finding("broken", where, "is not chained to the seal before it")
            yield from _check_hash(where, seal.hash, partial(hash_of, seal))
            place = self._place(seal.key_id)
            if place < order:
                yield Finding("inserted", where, "is signed with a key retired before it")
            order, previous, number = max(order, place), seal.hash, seal.number
            self._first_seal_of_key.setdefault(place, seal.sealed_at)
            self._seals[seal.number] = Sealed(seal.entries, seal.digest, seal.sealed_at, place)
        self.counts.seals, self.counts.newest = number, f"{number}:{previous}"
        yield from self._newest_is_there()

    def _newest_is_there(self) -> Iterator[Finding]:
        if not self.expected_newest:
            return
        number, _, digest = self.expected_newest.partition(":")
        if not Seal.objects.filter(number=int(number), hash=digest).exists():
            yield Finding("missing", f"seal {number}", "differs from the one kept elsewhere")

    def _sealed_entries(self) -> Iterator[Finding]:
        """Each sealed entry is there, says what it said, and each seal has its own."""
        current, count, digest = 0, 0, sha256()
        for seal_number, sealed_id, row in _rows(_SEALED, [max(self._seals, default=0)]):
            if seal_number != current:
                yield from self._close(current, count, digest.hexdigest())
                yield from _skipped(self._seals, current, seal_number)
                current, count, digest = seal_number, 0, sha256()
            count += 1
            self.counts.entries += 1
            if row is None:
                where = f"entry {_readable(sealed_id)}"
                yield Finding("missing", where, f"under seal {seal_number}: removed")
                continue
            under = self._seals.get(seal_number)
            if not self._is_sound(row, under=under):
                yield from self._check_entry(row, under=under)
            digest.update(_bytes(row.id) + _bytes(row.hash))
        yield from self._close(current, count, digest.hexdigest())
        yield from _skipped(self._seals, current, max(self._seals, default=0) + 1)

    def _close(self, number: int, count: int, digest: str) -> Iterator[Finding]:
        if number not in self._seals:
            return
        sealed = self._seals[number]
        if count != sealed.entries:
            yield Finding(
                "missing" if count < sealed.entries else "inserted", f"seal {number}",
                f"sealed {sealed.entries} entries, {count} are under it",
            )  # fmt: skip
        elif digest != sealed.digest:
            yield Finding("broken", f"seal {number}", "its entries are not those it sealed")

    def _unsealed_entries(self) -> Iterator[Finding]:
        """What waits for a seal is signed, and nothing is there that doesn't wait."""
        for entry_id in _ids(_WAITING_WITHOUT_ENTRY):
            where = f"entry {_readable(entry_id)}"
            yield Finding("missing", where, "waits for its seal, but was removed")
        next_seal = Sealed(0, "", timezone.now(), self._place(sealing.current_key_id()))
        for is_waiting, _, row in _rows(_NOT_SEALED, []):
            assert row is not None  # noqa: S101 - the entry is what was asked for
            self.counts.unsealed += 1
            if not is_waiting:
                where = f"entry {_readable(row.id)}"
                yield Finding("inserted", where, "is under no seal and waits for none")
            yield from self._check_entry(row, under=next_seal)

    def _is_sound(self, row: "Row", *, under: "Sealed | None") -> bool:
        """Whether _check_entry() has nothing to say, which is quick to tell for a sound entry."""
        place = self._place_of_key.get(row.key_id)
        if place is None or under is None or place != under.place_of_key:
            return False
        return hmac.compare_digest(
            row.hash.encode(), sealing.entry_hash(row.texts, key_id=row.key_id).encode()
        )

    def _check_entry(self, row: "Row", *, under: "Sealed | None") -> Iterator[Finding]:
        where = f"entry {_readable(row.id)}"
        yield from _check_hash(
            where, row.hash, lambda: sealing.entry_hash(row.texts, key_id=row.key_id)
        )
        if under and self._is_retired(self._place(row.key_id), under):
            yield Finding("inserted", where, "is signed with a key retired before it")

    def _place(self, key_id: str) -> int:
        return self._place_of_key.get(key_id, -1)

    def _is_retired(self, place: int, seal: "Sealed") -> bool:
        """Whether a newer key than the entry's had signed seals for long when it was sealed."""
        newer = [at for key, at in self._first_seal_of_key.items() if key > place]
        return seal.place_of_key > place and bool(newer) and seal.at > min(newer) + KEY_OVERLAP


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal says; `place_of_key` counts the keys from the oldest."""

    entries: int
    digest: str
    at: datetime
    place_of_key: int


def _check_hash(where: str, stored: str, compute: Callable[[], str]) -> Iterator[Finding]:
    try:
        computed = compute()
    except sealing.UnknownKey as error:
        yield Finding("unknown key", where, error.message)
        return
    if not hmac.compare_digest(stored.encode(), computed.encode()):
        yield Finding("broken", where, "does not say what it said when it was written")


def _skipped(seals: dict[int, Any], last: int, next_one: int) -> Iterator[Finding]:
    for number in range(last + 1, next_one):
        if number in seals:
            yield Finding("missing", f"seal {number}", "none of its entries are there")


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode()


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as stored: the texts its hash is over, and the hash; `id` as 32 hex digits."""

    id: str
    texts: list[str]
    hash: str
    key_id: str


_FIELDS = sealing.hashed_fields(Entry)
_COLUMNS = ", ".join(f'e."{f.column}"' for f in _FIELDS)
_SEALED = f"""
    SELECT s."seal_number", s."entry_id", e."hash", {_COLUMNS}
    FROM "audit_sealedentry" s LEFT JOIN "audit_entry" e ON e."id" = s."entry_id"
    WHERE s."seal_number" <= %s
    ORDER BY s."seal_number", s."entry_id"
"""  # noqa: S608 - column names of our own model
_NOT_SEALED = f"""
    SELECT u."entry_id" IS NOT NULL, e."id", e."hash", {_COLUMNS}
    FROM "audit_entry" e
    LEFT JOIN "audit_sealedentry" s ON s."entry_id" = e."id"
    LEFT JOIN "audit_unsealed" u ON u."entry_id" = e."id"
    WHERE s."entry_id" IS NULL
"""  # noqa: S608 - column names of our own model
_WAITING_WITHOUT_ENTRY = """
    SELECT u."entry_id" FROM "audit_unsealed" u
    LEFT JOIN "audit_entry" e ON e."id" = u."entry_id" WHERE e."id" IS NULL
"""


def _rows(sql: str, params: list[Any]) -> Iterator[tuple[Any, str, Row | None]]:
    """The first two columns, and the entry (None: it is not there)."""
    names = [field.attname for field in _FIELDS]
    id_at, key_at = names.index("id"), names.index("key_id")
    for first, entry_id, entry_hash, *columns in _fetch(sql, params):
        if columns[id_at] is None:
            yield first, _text(entry_id), None
            continue
        # Most columns are texts; what somebody put in their place becomes one, not an error.
        texts = [value if type(value) is str else _text(value) for value in columns]
        yield first, texts[id_at], Row(texts[id_at], texts, _text(entry_hash), texts[key_at])


def _ids(sql: str) -> Iterator[str]:
    return (_text(entry_id) for (entry_id,) in _fetch(sql, []))


def _fetch(sql: str, params: list[Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(_FETCH):
            yield from rows


def _text(value: Any) -> str:
    """From what the driver gives to the text that was hashed; SQLite's times are naive UTC."""
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return sealing.as_text(value)


def _readable(entry_id: str) -> str:
    """The id as people know it."""
    try:
        return str(UUID(entry_id))
    except ValueError:
        return entry_id
