"""Persons across all apps: who can be found, what is kept of them, what erasing them means.

A person is an account, a user, or somebody of whom only a contract or a card is known. Each app
registers in AppConfig.ready() what it holds. Erasing pseudonymises the living records, then
destroys the keys: what is in versions, entries, events and kept messages stays where it is, whole
and sealed, and can't be read any more. Invoices are kept as the law asks.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.audit import services
from apps.audit.context import Actor, ActorKind
from apps.audit.mentions import Mentions
from apps.audit.models import Entry
from apps.audit.personal import ERASED, destroy_keys
from apps.core.errors import DomainError, InvalidInput, NotFound


class PersonNotFound(NotFound):
    """Nobody is known by this id, e-mail address or customer number."""

    code = "PERSON_NOT_FOUND"


class PersonAmbiguous(DomainError):
    """Several are known by it."""

    code = "PERSON_AMBIGUOUS"


class ReasonMissing(InvalidInput):
    """Erasing needs a reason."""

    code = "REASON_MISSING"


class PersonBusy(DomainError):
    """Something is under way that needs to know the person until it ends."""

    code = "PERSON_BUSY"


@dataclass(frozen=True, slots=True)
class Person:
    """`keys` are all persons under whose keys their values are kept; `contracts` and `cards` what
    they charge with, in capitals; `names` what others' texts may call them, also inside of a word;
    `words` what does so only as a word of its own. `known_by` finds exactly this person, where the
    id doesn't."""

    kind: str
    id: UUID
    label: str
    keys: frozenset[UUID] = field(default_factory=frozenset)
    contracts: frozenset[str] = field(default_factory=frozenset)
    cards: frozenset[str] = field(default_factory=frozenset)
    names: frozenset[str] = field(default_factory=frozenset)
    words: frozenset[str] = field(default_factory=frozenset)
    known_by: str = ""

    @property
    def all_keys(self) -> set[UUID]:
        return {self.id, *self.keys}

    def blank(self, text: str) -> str:
        """The text without what is known to name the person.

        For texts about several or about nobody in particular: a name nobody told us stays. What is
        about the person alone is emptied.
        """
        names = sorted({*self.names, *self.contracts, *self.cards} - {""}, key=len, reverse=True)
        found = [*map(re.escape, names), *(rf"\b{re.escape(word)}\b" for word in self.words)]
        if not found:
            return text
        return re.sub("|".join(found), ERASED, text, flags=re.IGNORECASE)

    def is_in(self, *columns: Any) -> Mentions:
        """The rows in whose columns something is kept under the person's keys (mentions.py)."""
        return Mentions(*columns, keys=self.all_keys)


@dataclass(frozen=True, slots=True)
class Holding:
    """What an app holds of persons. `export` gives JSON-ready rows; `erase` pseudonymises the
    living records (None: what is there is kept as the law asks, or ends with its key) and returns
    how many; `keys` names further keys under which it keeps their values. `prepare` comes before
    anything is erased: what has to be told to others, or PersonBusy."""

    name: str
    export: Callable[[Person], Iterable[dict[str, Any]]]
    erase: Callable[..., int] | None = None
    keys: Callable[[Person], Iterable[UUID]] | None = None
    prepare: Callable[[Person], None] | None = None


Finder = Callable[[str], Iterable[Person]]

_finders: dict[str, Finder] = {}
_holdings: dict[str, Holding] = {}


def register_finder(kind: str, finder: Finder) -> None:
    """Find persons of a kind by id, e-mail address or number."""
    _finders[kind] = finder


def register_holding(holding: Holding) -> None:
    """Say what an app keeps of persons; erased in the order of registration."""
    _holdings[holding.name] = holding


def find_person(text: str) -> Person:
    """The one person known by this. Raises PersonNotFound, PersonAmbiguous."""
    if not (text := text.strip()):
        raise PersonNotFound("Say whom: nobody is known by an empty word.")
    found = [person for finder in _finders.values() for person in finder(text)]
    if not found:
        raise PersonNotFound(f"Nobody is known by {text!r}.")
    if len(found) > 1:
        named = ", ".join(f"{person.kind} {person.known_by or person.id}" for person in found)
        raise PersonAmbiguous(f"{text!r} names several; say which: {named}.")
    return found[0]


def export_person(*, person: Person, actor: Actor | None = None) -> dict[str, Any]:
    """Everything that is kept of the person, by app; noted in the trail."""
    services.note(
        "exported personal data", object_type=person.kind, object_id=str(person.id),
        object_label=person.label, person_id=person.id, actor=actor,
    )  # fmt: skip
    person = _with_all_keys(person)
    held = {name: list(holding.export(person)) for name, holding in _holdings.items()}
    return {"person": {"kind": person.kind, "id": str(person.id)}, **held, "trail": _trail(person)}


def _with_all_keys(person: Person) -> Person:
    found = (set(holding.keys(person)) for holding in _holdings.values() if holding.keys)
    return replace(person, keys=person.keys.union(*found))


def _trail(person: Person) -> list[dict[str, Any]]:
    """What was done to the person's record, and what a user did."""
    own = Q(object_type=person.kind, object_id=str(person.id))
    done = Q(actor_kind=ActorKind.USER, actor_id=str(person.id))
    entries = Entry.objects.filter(own | done)
    return [
        {"at": entry.recorded_at.isoformat(), "activity": entry.activity, "before": entry.before,
         "after": entry.after, "reason": entry.reason, "source_address": entry.source_address}
        for entry in entries.order_by("recorded_at")
    ]  # fmt: skip


@transaction.atomic
def erase_person(
    *, person: Person, reason: str, now: datetime, actor: Actor | None = None
) -> dict[str, int]:
    """Pseudonymise and destroy the keys, in one transaction; how many records per app.

    The reason is kept, without what is known to name the person. Can't be undone. Raises
    ReasonMissing, PersonBusy.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the person is erased: their request, the end of a period.")
    person, reason = _with_all_keys(person), person.blank(reason)
    for holding in _holdings.values():
        if holding.prepare is not None:
            holding.prepare(person)
    erased = {
        name: holding.erase(person, reason=reason, actor=actor)
        for name, holding in _holdings.items()
        if holding.erase is not None
    }
    # The number only: the label would be the name again.
    services.note(
        "erased person", object_type=person.kind, object_id=str(person.id),
        object_label=f"erased {person.id}", after=dict(erased), reason=reason, actor=actor,
    )  # fmt: skip
    destroy_keys(person.all_keys, now=now)
    return erased
