"""New rows at a third of what Django's save() and bulk_create() cost per row."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db import connections, models, transaction

# From so many rows on PostgreSQL takes them as a stream.
COPY_FROM: Final = 10
_TEXT: Final = (models.CharField.get_prep_value, models.TextField.get_prep_value)


def insert_many(rows: Sequence[Any], *, using: str = "default") -> None:
    """INSERT rows of one model, each with its key; fields are prepared as in save().

    Django compiles each value of a bulk_create() as if it were an expression; here values are
    values, and one prepared statement takes all rows. No signals, as with bulk_create().
    """
    if not rows:
        return
    insert = _insert_of(rows[0], using)
    values = [insert.values_of(row) for row in rows]
    with _all_or_nothing(using, len(rows)), connections[using].cursor() as cursor:
        if len(values) == 1:
            # A pipeline for one row would cost a round trip more.
            cursor.execute(insert.sql, values[0])
        elif len(values) >= COPY_FROM and connections[using].vendor == "postgresql":
            _copy(cursor, insert, values)
        else:
            cursor.executemany(insert.sql, values)
    _mark_stored(rows, using)


def _copy(cursor: Any, insert: "_Insert", values: Sequence[Sequence[Any]]) -> None:
    """As a stream, which takes a third of the time of as many statements; triggers and
    constraints hold as for INSERT."""
    with connections[insert.using].wrap_database_errors, cursor.copy(insert.copy_sql) as stream:
        for row in values:
            stream.write_row(row)


def insert_together(*rows: Any, using: str = "default") -> None:
    """INSERT one row of each of several models: on PostgreSQL with one round trip for all."""
    inserts = [(_insert_of(row, using), row) for row in rows]
    connection = connections[using]
    with _all_or_nothing(using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "; ".join(insert.sql for insert, _ in inserts),
                [value for insert, row in inserts for value in insert.values_of(row)],
            )
        else:
            for insert, row in inserts:
                cursor.execute(insert.sql, insert.values_of(row))
    _mark_stored(rows, using)


def insert_numbered(row: Any, *, number: str, among: Sequence[str]) -> None:
    """INSERT a row and give it the next `number` among the rows that are equal in `among`.

    The caller holds a lock that keeps another one from taking the same number.
    """
    using = "default"
    insert = _insert_of(row, using)
    connection = connections[using]
    quote = connection.ops.quote_name
    meta = type(row)._meta
    place = insert.names.index(number)
    same = " AND ".join(f"{quote(name)} = %s" for name in among)
    counter = f"SELECT COALESCE(MAX({quote(number)}), 0) + 1 FROM {quote(meta.db_table)}"  # noqa: S608
    places = ["%s"] * len(insert.names)
    places[place] = f"({counter} WHERE {same})"
    values = insert.values_of(row)
    values[place : place + 1] = [values[insert.names.index(name)] for name in among]
    with _all_or_nothing(using), connection.cursor() as cursor:
        cursor.execute(
            f"{insert.head} VALUES ({', '.join(places)}) RETURNING {quote(number)}", values
        )
        setattr(row, number, cursor.fetchone()[0])
    _mark_stored([row], using)


@dataclass(frozen=True, slots=True)
class _Insert:
    """How rows of one model are inserted; worked out once."""

    head: str
    sql: str
    copy_sql: str
    names: tuple[str, ...]
    columns: tuple[tuple[Callable[..., Any], Callable[..., Any], bool], ...]
    using: str

    def values_of(self, row: Any) -> list[Any]:
        connection = connections[self.using]
        return [
            value
            if (value := read(row, True)) is None or (is_text and type(value) is str)
            else prepare(value, connection)
            for read, prepare, is_text in self.columns
        ]


def _insert_of(row: Any, using: str) -> _Insert:
    model: Any = type(row)
    return _work_out(model, using)


@cache
def _work_out(model: Any, using: str) -> _Insert:
    quote = connections[using].ops.quote_name
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    columns = ", ".join(quote(field.column) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({columns})"
    return _Insert(
        head=head,
        sql=f"{head} VALUES ({', '.join(['%s'] * len(fields))})",
        copy_sql=f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN",
        names=tuple(field.column for field in fields),
        columns=tuple((f.pre_save, f.get_db_prep_save, _is_text(f)) for f in fields),
        using=using,
    )


def _is_text(field: "models.Field[Any, Any]") -> bool:
    """Whether the database takes the field's text as it is; most columns of our rows are such."""
    kind = type(field)
    return kind.get_prep_value in _TEXT and kind.get_db_prep_save is models.Field.get_db_prep_save


def _all_or_nothing(using: str, statements: int = 2) -> AbstractContextManager[Any]:
    """A transaction, or, inside of one, the mark that an error leaves nothing of it."""
    if connections[using].in_atomic_block:
        return transaction.mark_for_rollback_on_error(using=using)
    if statements == 1 and connections[using].get_autocommit():
        return nullcontext()
    return transaction.atomic(using=using)


def _mark_stored(rows: Sequence[Any], using: str) -> None:
    for row in rows:
        row._state.adding = False
        row._state.db = using
