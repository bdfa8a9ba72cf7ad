"""Rows in which something is kept under a person's key, found without reading all of them.

PostgreSQL keeps an inverted index of the keys that a row's texts name; SQLite reads every row.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.migrations.operations.base import Operation
from django.db.models import BooleanField, Func

from apps.audit.personal import PREFIX

# Immutable, so that it can be indexed. What it finds is PREFIX and a key, as protect() writes it.
MAKE_FUNCTION = r"""
CREATE OR REPLACE FUNCTION audit_persons_in(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT found[1] FROM regexp_matches($1, 'pd1\.([0-9a-f]{32})\.', 'g') AS found)
$$
"""
DROP_FUNCTION = "DROP FUNCTION IF EXISTS audit_persons_in(text)"


class Mentions(Func):
    """Whether something in the columns is kept under one of the keys."""

    output_field = BooleanField()

    def __init__(self, *columns: Any, keys: Iterable[UUID] = (), **extra: Any) -> None:
        super().__init__(*columns, **extra)
        self.keys = sorted(key.hex for key in keys)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        texts, params = self._compiled(compiler)
        return f"audit_persons_in({_joined(texts)}) && %s::text[]", (*params, self.keys)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        texts, params = self._compiled(compiler)
        named = " OR ".join([f"instr({_joined(texts)}, %s) > 0"] * len(self.keys)) or "FALSE"
        values = [value for key in self.keys for value in (*params, f"{PREFIX}{key}.")]
        return f"({named})", values

    def _compiled(self, compiler: Any) -> tuple[list[str], list[Any]]:
        compiled = [compiler.compile(column) for column in self.get_source_expressions()]
        return [sql for sql, _ in compiled], [value for _, params in compiled for value in params]


def _joined(texts: Iterable[str]) -> str:
    """The index and the query have to say the same."""
    return " || ' ' || ".join(texts)


class IndexMentions(Operation):
    """Migration: index whose keys occur in the columns (SQL of type text) of the table."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, name: str, table: str, *columns: str) -> None:
        self.name, self.table, self.columns = name, table, columns

    def deconstruct(self) -> Any:
        return type(self).__name__, [self.name, self.table, *self.columns], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Models don't know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE INDEX {self.name} ON {self.table} "
                f"USING gin (audit_persons_in({_joined(self.columns)}))"
            )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {self.name}")

    def describe(self) -> str:
        return f"Index the persons that {self.table} mentions"
