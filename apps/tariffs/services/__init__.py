"""Everything that changes the tariff book, and what other apps ask of it."""

from apps.tariffs.services.book import (
    OwnerMissing,
    TariffContentUnfit,
    TariffVersionsOverlap,
    add_version,
    content_hash,
    create_tariff,
    end_tariff,
    receive_tariff,
)
from apps.tariffs.services.finding import TariffBook
from apps.tariffs.services.notes import NoteMisplaced, NoteWanted, find_notes, save_note

__all__ = [
    "NoteMisplaced",
    "NoteWanted",
    "OwnerMissing",
    "TariffBook",
    "TariffContentUnfit",
    "TariffVersionsOverlap",
    "add_version",
    "content_hash",
    "create_tariff",
    "end_tariff",
    "find_notes",
    "receive_tariff",
    "save_note",
]
