"""PostgreSQL refuses versions of a tariff that are in force together; SQLite has no such rule."""

from django.db import migrations

ADD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE tariffs_tariffversion ADD CONSTRAINT tariff_versions_never_overlap EXCLUDE USING gist (
    tariff_id WITH =, tstzrange(active_from, active_to, '[)') WITH &&
) DEFERRABLE INITIALLY DEFERRED;
"""
REMOVE = "ALTER TABLE tariffs_tariffversion DROP CONSTRAINT tariff_versions_never_overlap;"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REMOVE)


class Migration(migrations.Migration):
    dependencies = [("tariffs", "0001_book")]

    operations = [migrations.RunPython(add, remove)]
