"""The story of a record, as the staff pages show it; who can tell one registers here.

The trail stands above this floor, so it gives itself in from its AppConfig.ready().
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Model


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after, in words for people."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One change of a record: what was done, by whom, why, and what it changed."""

    at: datetime
    activity: str
    actor: str
    actor_kind: str
    reason: str
    changes: tuple[FieldChange, ...]


class Storyteller(Protocol):
    def __call__(self, record: Model, *, limit: int) -> Sequence[Chapter]:
        """The newest chapters first, `limit` at most."""


_storytellers: list[Storyteller] = []


def register_storyteller(storyteller: Storyteller) -> None:
    """From now on this one tells the stories of all records."""
    _storytellers[:] = [storyteller]


def story_of(record: Model, *, limit: int) -> Sequence[Chapter]:
    """The newest chapters first; empty when nobody keeps stories."""
    return _storytellers[0](record, limit=limit) if _storytellers else ()
