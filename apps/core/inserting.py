"""Many new rows at once, at a third of what Django's bulk_create() costs per row."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connections, models, transaction

_TEXT: Final = (models.CharField.get_prep_value, models.TextField.get_prep_value)


def insert_many(rows: Sequence[Any], *, using: str = "default") -> None:
    """INSERT rows of one model, each with its key; fields are prepared as in save().

    Django compiles each value of a bulk_create() as if it were an expression; here values are
    values, and one prepared statement takes all rows. No signals, as with bulk_create().
    """
    if not rows:
        return
    connection = connections[using]
    meta = type(rows[0])._meta
    fields = [field for field in meta.local_concrete_fields if not field.generated]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    columns_of = [(field.pre_save, field.get_db_prep_save, _is_text(field)) for field in fields]
    values = [
        [
            value
            if (value := read(row, True)) is None or (is_text and type(value) is str)
            else prepare(value, connection)
            for read, prepare, is_text in columns_of
        ]
        for row in rows
    ]
    with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
        insert = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
        if len(values) == 1:
            # A pipeline for one row would cost a round trip more.
            cursor.execute(insert, values[0])
        else:
            cursor.executemany(insert, values)
    for row in rows:
        row._state.adding = False
        row._state.db = using


def _is_text(field: "models.Field[Any, Any]") -> bool:
    """Whether the database takes the field's text as it is; most columns of our rows are such."""
    kind = type(field)
    return kind.get_prep_value in _TEXT and kind.get_db_prep_save is models.Field.get_db_prep_save
