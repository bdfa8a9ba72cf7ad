"""Everything that changes the tariff book, and what other apps ask of it."""

from apps.tariffs.services.book import (
    OwnerMissing,
    TariffContentUnfit,
    TariffVersionBegun,
    TariffVersionsOverlap,
    WithdrawalUnexplained,
    add_version,
    create_tariff,
    end_tariff,
    receive_tariff,
    says_the_same,
    withdraw_version,
)
from apps.tariffs.services.finding import TariffBook
from apps.tariffs.services.notes import NoteMisplaced, NoteWanted, find_notes, save_note

__all__ = [
    "NoteMisplaced",
    "NoteWanted",
    "OwnerMissing",
    "TariffBook",
    "TariffContentUnfit",
    "TariffVersionBegun",
    "TariffVersionsOverlap",
    "WithdrawalUnexplained",
    "add_version",
    "create_tariff",
    "end_tariff",
    "find_notes",
    "receive_tariff",
    "save_note",
    "says_the_same",
    "withdraw_version",
]
