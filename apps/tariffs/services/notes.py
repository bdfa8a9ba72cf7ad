"""Tariff notes: written by staff, read by drivers' maps, apps and invoices."""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Q

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.services import record
from apps.core.errors import InvalidInput
from apps.locations.models import Location, Operator
from apps.tariffs.models import TariffNote


class NoteMisplaced(InvalidInput):
    """The note's location or tariff belongs to another operator, or a field is wrong."""

    code = "TARIFF_NOTE_MISPLACED"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWanted:
    """Which notes to show: None is any; `provider` is the driver's, None for the public."""

    operator: Operator | None = None
    location: Location | None = None
    language: str = ""
    channel: str = ""
    provider: Provider | None = None


def save_note(*, note: TariffNote, reason: str = "", actor: Actor | None = None) -> TariffNote:
    """Keeps a new or changed note. Raises NoteMisplaced."""
    if note.location is not None and note.location.operator_id != note.operator_id:
        raise NoteMisplaced(f"{note.location} is no location of {note.operator}.")
    if note.tariff is not None and note.tariff.operator_id != note.operator_id:
        raise NoteMisplaced(f"{note.tariff} is no tariff of {note.operator}.")
    try:
        note.full_clean(validate_unique=False)
    except ValidationError as error:
        raise NoteMisplaced(" ".join(error.messages)) from error
    activity = "created tariff note" if note._state.adding else "changed tariff note"
    record(activity, note, reason=reason, actor=actor)
    return note


def find_notes(*, wanted: NoteWanted, today: date) -> list[TariffNote]:
    """The notes to show today, the most important first; one query.

    Of a location come its own notes and those of its whole operator.
    """
    notes = TariffNote.objects.valid_on(today).seen_by(wanted.provider)
    if wanted.operator is not None:
        notes = notes.filter(operator=wanted.operator)
    if wanted.location is not None:
        notes = notes.filter(operator=wanted.location.operator_id).filter(
            Q(location=None) | Q(location=wanted.location)
        )
    if wanted.language:
        notes = notes.filter(language=wanted.language)
    if wanted.channel:
        notes = notes.filter(channel=wanted.channel)
    return list(
        notes.select_related("operator", "location", "tariff").order_by("-priority", "created_at")
    )
