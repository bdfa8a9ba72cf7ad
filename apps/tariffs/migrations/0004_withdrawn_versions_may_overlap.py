"""PostgreSQL minds versions that stand; a withdrawn one is in nobody's way."""

from django.db import migrations

DROP = "ALTER TABLE tariffs_tariffversion DROP CONSTRAINT tariff_versions_never_overlap;"
ADD = """
ALTER TABLE tariffs_tariffversion ADD CONSTRAINT tariff_versions_never_overlap EXCLUDE USING gist (
    tariff_id WITH =, tstzrange(active_from, active_to, '[)') WITH &&
) {} DEFERRABLE INITIALLY DEFERRED;
"""


def narrow(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP + ADD.format("WHERE (withdrawn_at IS NULL)"))


def widen(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP + ADD.format(""))


class Migration(migrations.Migration):
    dependencies = [("tariffs", "0003_withdrawn_versions")]

    operations = [migrations.RunPython(narrow, widen)]
