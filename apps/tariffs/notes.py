"""What the engine assumed or noticed while it priced: a code for programs, a text for people."""

from typing import Final, NamedTuple

MOST_NOTES: Final = 50


class Note(NamedTuple):
    """One sentence of an explanation; `code` groups equal assumptions over many CDRs."""

    code: str
    text: str


Notes = tuple[Note, ...]


def capped(notes: list[Note]) -> Notes:
    """Each note once, and no flood of them from one huge message."""
    once = tuple(dict.fromkeys(notes))
    if len(once) <= MOST_NOTES:
        return once
    rest = Note("MORE_NOTES", f"{len(once) - MOST_NOTES} more notes like these were left out.")
    return (*once[:MOST_NOTES], rest)
