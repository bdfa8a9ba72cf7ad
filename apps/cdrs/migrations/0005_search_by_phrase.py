"""A trigram index for the phrase search, on PostgreSQL; SQLite scans."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def create_index(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    # Without the pending list: a search must not walk through what was not sorted in yet.
    schema_editor.execute(
        "CREATE INDEX IF NOT EXISTS cdr_by_phrase ON cdrs_cdr "
        "USING gin (search_text gin_trgm_ops) WITH (fastupdate = off)"
    )


def drop_index(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS cdr_by_phrase")


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0004_finding_names_its_cdr")]

    operations = [migrations.RunPython(create_index, drop_index)]
