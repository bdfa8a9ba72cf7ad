"""Finding CDRs by a phrase that people type: a piece of an id, of a station's name."""

import re
from typing import Final

from django.db import connections
from django.db.models import Q

# What the search text of a CDR is made of, in this order.
FIELDS: Final = (
    "cdr id", "external id", "contract id", "EVSE id", "source", "status", "location name",
)  # fmt: skip


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
    return Q(search_text__contains=phrase)
