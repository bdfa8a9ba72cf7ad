"""Finding CDRs by a phrase that people type: a piece of an id, of a station's name."""

import re
from typing import Final

from django.db import connections
from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

# What the search text of a CDR is made of, in this order.
FIELDS: Final = (
    "cdr id", "external id", "contract id", "EVSE id", "source", "status", "location name",
)  # fmt: skip

# Eight characters are six trigrams.
WINDOW: Final = 8


def phrase_condition(phrase: str, *, using: str) -> Q:
    """CDRs whose search text holds the phrase, without case; %, _ and \\ mean themselves.

    PostgreSQL answers from the trigram index. SQLite lowers only ASCII letters, so there other
    letters are compared by a regular expression, row by row.
    """
    phrase = phrase.strip().lower()
    if not phrase:
        return Q()
    if "\x00" in phrase:
        return Q(pk__in=[])
    if connections[using].vendor == "sqlite" and not phrase.isascii():
        return Q(search_text__iregex=re.escape(phrase))
    if len(phrase) <= WINDOW:
        return Q(search_text__contains=phrase)
    # The index is asked for the telling part alone: each trigram that nearly all rows have
    # ("nl-", "cdr") costs it a walk through a million entries. strpos() then compares it all.
    whole = GreaterThan(StrIndex("search_text", Value(phrase)), 0)
    return Q(search_text__contains=telling_part(phrase)) & Q(whole)


def telling_part(phrase: str) -> str:
    """The piece of WINDOW characters that few rows will have: many different characters, and
    digits other than zero; the last of equals, because ids differ at their end."""
    pieces = [phrase[start : start + WINDOW] for start in range(len(phrase) - WINDOW + 1)]
    return max(reversed(pieces), key=lambda piece: (
        len(set(piece)) + sum(character in "123456789" for character in piece)))  # fmt: skip
