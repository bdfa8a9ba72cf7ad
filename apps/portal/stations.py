"""What the public stations page shows: places, EVSEs, prices and notes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from apps.core.errors import DomainError
from apps.locations.models import Evse, Location
from apps.tariffs.models import TariffNote
from apps.tariffs.services import TariffBook
from apps.tariffs.words import describe_prices

DEFAULT_LANGUAGE = "en"
# More are not drawn on a map at once.
MOST_POINTS = 5_000


@dataclass(frozen=True, slots=True)
class PriceShown:
    """A tariff of the operator in words."""

    name: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteShown:
    """A sentence to drivers, and the language it is in."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class StationShown:
    """One location as drivers see it."""

    location: Location
    evses: int
    available: int
    prices: tuple[PriceShown, ...]
    notes: tuple[NoteShown, ...]

    @property
    def address(self) -> str:
        """Street, postcode and town, as far as they are known."""
        place = self.location
        town = " ".join(part for part in (place.postcode, place.city) if part)
        return ", ".join(part for part in (place.street, town, place.country) if part)


def search_locations(phrase: str) -> QuerySet[Location]:
    """Locations whose name, town, postcode or operator has the phrase, with their EVSEs counted.

    Those that their operator doesn't want to be shown are left out (OCPI `mod_locations`, publish),
    and so are those whose EVSEs were all removed.
    """
    locations = (
        Location.objects.filter(is_published=True)
        .exclude(_all_removed())
        .select_related("operator")
        .order_by("name", "location_id", "id")
    )
    if phrase:
        locations = locations.filter(
            Q(name__icontains=phrase)
            | Q(city__icontains=phrase)
            | Q(postcode__istartswith=phrase)
            | Q(operator__name__icontains=phrase)
        )
    standing = ~Q(evses__status__in=[Evse.Status.REMOVED, Evse.Status.PLANNED])
    found: QuerySet[Location] = locations.annotate(
        evse_count=Count("evses", filter=standing),
        free_count=Count("evses", filter=Q(evses__status=Evse.Status.AVAILABLE)),
    )
    return found


def _all_removed() -> Q:
    """It had EVSEs, and none is left; one that we know without any is shown."""
    evses = Evse.objects.filter(location=OuterRef("pk"))
    left = evses.exclude(status=Evse.Status.REMOVED)
    return Q(Exists(evses), ~Exists(left))


def show_stations(
    locations: Sequence[Location], *, now: datetime, language: str
) -> list[StationShown]:
    """The locations with their operators' prices and today's notes, in two more queries."""
    operators = {place.operator_id for place in locations}
    book = TariffBook(operators=operators)
    notes = _notes(operators, now, language)
    prices = {operator: _prices(book, operator, now) for operator in operators}
    return [
        StationShown(
            location=place,
            evses=getattr(place, "evse_count", 0),
            available=getattr(place, "free_count", 0),
            prices=prices[place.operator_id],
            notes=tuple(
                NoteShown(note.text, note.language)
                for note in notes[place.operator_id]
                if note.location_id in (None, place.pk)
            ),
        )
        for place in locations
    ]


def _prices(book: TariffBook, operator: UUID, now: datetime) -> tuple[PriceShown, ...]:
    shown = []
    for version in book.in_force(operator, at=now):
        try:
            phrases = describe_prices(book.prepare_version(version))
        except DomainError:
            continue
        name = version.tariff.name or version.tariff.tariff_id
        shown.append(PriceShown(name, tuple(phrases)))
    return tuple(shown)


def _notes(operators: set[UUID], now: datetime, language: str) -> dict[UUID, list[TariffNote]]:
    """Those in the driver's language, the most important first. What is said of an operator, a
    location or a tariff in English only is shown in English."""
    rows = (
        TariffNote.objects.valid_on(now.date())
        .seen_by(None)
        .filter(
            operator__in=operators,
            channel=TariffNote.Channel.MAP,
            language__in={language, DEFAULT_LANGUAGE},
        )
        .order_by("-priority", "created_at")
    )
    translated = {_subject(note) for note in rows if note.language == language}
    shown: dict[UUID, list[TariffNote]] = defaultdict(list)
    for note in rows:
        if note.language == language or _subject(note) not in translated:
            shown[note.operator_id].append(note)
    return shown


def _subject(note: TariffNote) -> tuple[Any, ...]:
    return note.operator_id, note.location_id, note.tariff_id


def points(locations: QuerySet[Location]) -> list[dict[str, Any]]:
    """What the map draws: the locations with coordinates, 5,000 at most."""
    known = locations.filter(latitude__isnull=False, longitude__isnull=False)
    return [
        {
            "id": str(place.pk),
            "name": str(place),
            "operator": place.operator.name,
            "lat": float(place.latitude or 0),
            "lon": float(place.longitude or 0),
            "evses": getattr(place, "evse_count", 0),
            "available": getattr(place, "free_count", 0),
        }
        for place in known[:MOST_POINTS]
    ]
