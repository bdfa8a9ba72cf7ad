"""Rates were written here once; apps.vat.services.seeding brings them now, with their trail."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vat", "0002_no_overlapping_rates")]

    operations = []
