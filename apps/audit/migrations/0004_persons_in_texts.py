"""The function that finds whose protected values a text holds; PostgreSQL only."""

from django.db import migrations

from apps.audit.mentions import DROP_FUNCTION, MAKE_FUNCTION


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MAKE_FUNCTION)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP_FUNCTION)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_protect_source_addresses")]

    operations = [migrations.RunPython(make, drop)]
