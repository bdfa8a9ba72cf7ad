"""Rules that the database itself keeps, against every path: rows that are only ever added, rows
that freeze once they are issued.

Apps register their rules in AppConfig.ready(); the triggers are made after each `migrate`,
because SQLite drops them silently when a migration rebuilds a table. A trigger's name ends in a
fingerprint of what it says, so that a changed rule is a missing trigger.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "guard_"


class Operation(StrEnum):
    """What a trigger stands before."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    # Rows removed by TRUNCATE fire no row trigger; SQLite has no TRUNCATE.
    TRUNCATE = "TRUNCATE"


@dataclass(frozen=True, slots=True)
class Trigger:
    """Refuses one operation on a table's rows; `when` is SQL over OLD and NEW that both SQLite
    and PostgreSQL understand, empty means always."""

    table: str
    operation: Operation
    message: str
    when: str = ""

    @property
    def name(self) -> str:
        said = "|".join((self.table, self.operation, self.message, self.when))
        digest = hashlib.sha256(said.encode()).hexdigest()[:12]
        return f"{PREFIX}{self.table[:40]}_{digest}"

    def sql(self, vendor: str) -> list[str]:
        """The statements that make the trigger; none where the operation doesn't exist."""
        return self._postgresql() if vendor == "postgresql" else self._sqlite()

    def _sqlite(self) -> list[str]:
        if self.operation is Operation.TRUNCATE:
            return []
        when = f" WHEN {self.when}" if self.when else ""
        return [
            f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" '
            f"FOR EACH ROW{when} BEGIN SELECT RAISE(ABORT, {_literal(self.message)}); END"
        ]

    def _postgresql(self) -> list[str]:
        # The condition is in the function, because WHEN takes no subqueries there.
        row = "OLD" if self.operation is Operation.DELETE else "NEW"
        each = "STATEMENT" if self.operation is Operation.TRUNCATE else "ROW"
        return [
            f'CREATE OR REPLACE FUNCTION "{self.name}"() RETURNS trigger LANGUAGE plpgsql AS $$ '
            f"BEGIN IF {self.when or 'TRUE'} THEN RAISE EXCEPTION USING MESSAGE = "
            f"{_literal(self.message)}, ERRCODE = 'integrity_constraint_violation'; END IF; "
            f"RETURN {row}; END $$",
            f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" '
            f'FOR EACH {each} EXECUTE FUNCTION "{self.name}"()',
        ]


_registry: dict[str, Trigger] = {}


def register(*triggers: Trigger) -> None:
    """Have these triggers made after each migrate, and missed when they are gone."""
    for trigger in triggers:
        _registry[trigger.name] = trigger


def append_only(table: str) -> None:
    """Rows are added, never changed and never removed."""
    message = f"{table} is append-only"
    removing = (Operation.UPDATE, Operation.DELETE, Operation.TRUNCATE)
    register(*(Trigger(table, operation, message) for operation in removing))


def frozen_when(
    table: str, condition: str, *columns: str, message: str = "", deletable: bool = False
) -> None:
    """Rows for which `condition` holds keep the named columns (all when none is named) and stay.

    `condition` speaks of the stored row: "OLD.state = 'ISSUED'", with a subquery where the state
    is the parent's. The write is refused with django.db.IntegrityError(message).
    """
    message = message or f"{table}: this row is frozen"
    condition = f"({condition})"
    changed = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in columns)
    when = f"{condition} AND ({changed})" if columns else condition
    register(Trigger(table, Operation.UPDATE, message, when))
    if not deletable:
        register(Trigger(table, Operation.DELETE, message, condition))


def refuse_insert_when(table: str, condition: str, *, message: str) -> None:
    """New rows for which `condition` (over NEW) holds are refused: no line on an issued invoice."""
    register(Trigger(table, Operation.INSERT, message, f"({condition})"))


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make what is missing and remove what is no longer registered; safe to repeat."""
    connection = connections[using]
    wanted, right = _wanted(connection), _present(connection)
    wrong = {
        name: table
        for name, table in _present(connection, whole=False).items()
        if name not in wanted or name not in right
    }
    _execute(connection, [*_drops(connection, wrong), *(
        statement
        for name in wanted.keys() - right.keys()
        for statement in wanted[name].sql(connection.vendor)
    )])  # fmt: skip


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The tables that lack a trigger, or have it switched off or altered, with the operation."""
    connection = connections[using]
    wanted, present = _wanted(connection), _present(connection)
    return sorted(
        f"{wanted[name].table} ({wanted[name].operation})" for name in wanted.keys() - present
    )


@contextmanager
def lifted(*tables: str, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Tests only: within the block the tables (all when none is named) have no triggers."""
    if not getattr(settings, "TRIGGERS_MAY_BE_LIFTED", False):
        raise PermissionError("Only tests may lift the database's triggers.")
    connection = connections[using]
    present = _present(connection, whole=False)
    chosen = {name: table for name, table in present.items() if not tables or table in tables}
    _execute(connection, _drops(connection, chosen))
    try:
        yield
    finally:
        install(using)


def _wanted(connection: BaseDatabaseWrapper) -> dict[str, Trigger]:
    tables = set(connection.introspection.table_names())
    return {
        name: trigger
        for name, trigger in _registry.items()
        if trigger.table in tables and trigger.sql(connection.vendor)
    }


def _present(connection: BaseDatabaseWrapper, *, whole: bool = True) -> dict[str, str]:
    """Name and table of our triggers; with `whole` only those that are on and say what we said."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_TRIGGERS, [PREFIX + "%"])
        else:
            cursor.execute(_SQLITE_TRIGGERS, [PREFIX + "%"])
        rows = cursor.fetchall()
    return {
        name: table
        for name, table, on, text in rows
        if not whole or (on and _says(name, text, connection.vendor))
    }


_SQLITE_TRIGGERS = (
    "SELECT name, tbl_name, 1, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
)
_POSTGRESQL_TRIGGERS = """
    SELECT t.tgname, c.relname, t.tgenabled IN ('O', 'A'), p.prosrc
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
      AND t.tgname LIKE %s
"""


def _says(name: str, text: str, vendor: str) -> bool:
    """Whether the trigger (its function on PostgreSQL) has the text that we gave it."""
    if name not in _registry:
        return True
    made = _registry[name].sql(vendor)[0]
    return f"$${text}$$" in made if vendor == "postgresql" else text == made


def _drops(connection: BaseDatabaseWrapper, triggers: dict[str, str]) -> list[str]:
    if connection.vendor != "postgresql":
        return [f'DROP TRIGGER IF EXISTS "{name}"' for name in triggers]
    return [
        f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"; DROP FUNCTION IF EXISTS "{name}"()'
        for name, table in triggers.items()
    ]


def _execute(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    if not statements:
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # No trigger can be dropped while foreign keys of its table wait to be checked.
            connection.check_constraints()
            cursor.execute(";".join(statements))
        else:
            for statement in statements:
                cursor.execute(statement)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
