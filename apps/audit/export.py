"""The trail as CSV, one line per entry, streamed; that it was exported is an entry itself."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from apps.audit import services
from apps.audit.context import Actor
from apps.audit.doors import HIDDEN
from apps.audit.search import names_somebody

COLUMNS = (
    "id", "recorded_at", "activity", "object_type", "object_id", "object_label", "before", "after",
    "reason", "actor_kind", "actor_id", "actor_label", "provider_id", "account_id", "request_id",
    "method", "url", "path", "source_address",
)  # fmt: skip
_CHUNK = 1000


def export_entries(
    *, entries: QuerySet[Any], filters: dict[str, Any], reason: str = "", actor: Actor | None = None
) -> Iterator[str]:
    """Lines of CSV. The export is noted before the first line leaves."""
    services.note(
        "exported audit trail", object_type="audit.entry", object_id="export",
        object_label="audit trail",
        after={"filters": _without_names(filters), "entries": entries.count()},
        reason=reason, actor=actor,
    )  # fmt: skip
    return _lines(entries)


def _without_names(filters: dict[str, Any]) -> dict[str, Any]:
    """What was searched for is kept, unless it names somebody."""
    return filters | {"q": HIDDEN} if names_somebody(filters.get("q", "")) else filters


def _lines(entries: QuerySet[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in entries.iterator(chunk_size=_CHUNK):
        yield writer.writerow([_cell(getattr(entry, name)) for name in COLUMNS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


class _Echo:
    """Gives each written line back."""

    def write(self, line: str) -> str:
        return line
