"""The rates that come with the program; staff keep them up to date from here on."""

import csv
from pathlib import Path

from django.db import migrations

RATES = Path(__file__).parent.parent / "data" / "vat_rates.csv"


def seed(apps, schema_editor):
    VatRate = apps.get_model("vat", "VatRate")
    with RATES.open(encoding="utf-8", newline="") as file:
        rows = [
            VatRate(
                territory=row["territory"],
                kind=row["kind"],
                rate=row["rate"],
                valid_from=row["valid_from"],
                valid_to=row["valid_to_exclusive"] or None,
                source=row["source"],
                note=row["note"],
            )
            for row in csv.DictReader(file)
        ]
    VatRate.objects.using(schema_editor.connection.alias).bulk_create(rows)


def unseed(apps, schema_editor):
    apps.get_model("vat", "VatRate").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("vat", "0002_no_overlapping_rates")]

    operations = [migrations.RunPython(seed, unseed)]
