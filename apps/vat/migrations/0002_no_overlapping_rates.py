"""PostgreSQL refuses overlapping periods of one series; SQLite has no such constraint."""

from django.db import migrations

ADD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE vat_vatrate ADD CONSTRAINT vat_rate_no_overlap EXCLUDE USING gist (
    territory WITH =, kind WITH =, daterange(valid_from, valid_to, '[)') WITH &&
) DEFERRABLE INITIALLY DEFERRED;
"""
REMOVE = "ALTER TABLE vat_vatrate DROP CONSTRAINT vat_rate_no_overlap;"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REMOVE)


class Migration(migrations.Migration):
    dependencies = [("vat", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
