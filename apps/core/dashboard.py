"""The first page of the staff admin: cards of what needs a person, given in by the apps.

    register_card("cdrs.held", permission="cdrs.view_cdr", section=Section.WORK, build=held_cdrs)

A card is built for each visit by those who may see it, so it asks for little: capped counts over
partial indexes (`core.paginator.display_count`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from django.utils import timezone


class Section(StrEnum):
    """The parts of the page, in their order."""

    WORK = "Waiting for a person"
    FLOW = "Charging and billing"
    SYSTEM = "System"


class Tone(StrEnum):
    """How a card wants to be read; said in words on the card as well, not by colour alone."""

    CALM = "calm"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Card:
    """A figure with what it means, and where to go from here."""

    title: str
    value: str
    note: str = ""
    link: str = ""
    tone: Tone = Tone.CALM
    icon: str = "info"


Builder = Callable[[datetime], Card | None]


@dataclass(frozen=True, slots=True)
class _Registration:
    name: str
    permission: str
    section: Section
    build: Builder


_registrations: dict[str, _Registration] = {}


def register_card(name: str, *, permission: str, section: Section, build: Builder) -> None:
    """Show `build(now)` to those with the permission; None leaves the card out this time."""
    _registrations[name] = _Registration(name, permission, section, build)


def sections_for(user: Any, *, now: datetime) -> dict[str, list[Card]]:
    """The cards that the user may see, by section; empty sections are left out."""
    sections: dict[str, list[Card]] = {str(section): [] for section in Section}
    for registration, card in _cards_for(user, now):
        sections[str(registration.section)].append(card)
    return {title: cards for title, cards in sections.items() if cards}


def _cards_for(user: Any, now: datetime) -> Iterator[tuple[_Registration, Card]]:
    for registration in _registrations.values():
        if user.has_perm(registration.permission):
            card = registration.build(now)
            if card is not None:
                yield registration, card


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """django-unfold's hook for the index page."""
    now = timezone.now()
    return {**context, "sections": sections_for(request.user, now=now), "now": now}
