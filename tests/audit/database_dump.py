"""Everything that lies in the database, as text, whatever tables there are."""

from collections.abc import Iterable, Iterator

from django.db import connection


def cells() -> Iterator[tuple[str, str]]:
    """Each value of each column of each table: (`table.column`, its text)."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if value is not None:
                        yield f"{table}.{name}", _text(value)


def columns_with(words: Iterable[str]) -> dict[str, set[str]]:
    """Where the words occur, without case: the words found per column."""
    wanted = {word.lower(): word for word in words}
    found: dict[str, set[str]] = {}
    for place, text in cells():
        for lowered, word in wanted.items():
            if lowered in text:
                found.setdefault(place, set()).add(word)
    return found


def _text(value: object) -> str:
    """Bytes byte by byte, so that text in them is found."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1").lower()
    return str(value).lower()
