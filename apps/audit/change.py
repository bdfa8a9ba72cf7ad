"""What is being done, by whom, through which door: one for the version and the entry."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from apps.audit.context import Actor, Context, current, current_actor


@dataclass(frozen=True, slots=True)
class Change:
    """The activity in words and its context, for the versions and entries it leaves."""

    activity: str
    reason: str
    context: Context
    now: datetime

    @property
    def actor(self) -> Actor:
        actor = self.context.actor
        assert actor is not None  # noqa: S101 - change_of() made sure
        return actor


def change_of(activity: str, *, reason: str = "", actor: Actor | None = None) -> Change:
    """A change that happens now; without `actor` by the one of the context.

    Raises ActorMissing.
    """
    context = replace(current(), actor=actor or current_actor())
    return Change(activity[:200], reason.replace("\x00", ""), context, timezone.now())
