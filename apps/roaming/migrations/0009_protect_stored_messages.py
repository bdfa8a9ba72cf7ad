"""Peers' objects and pushes from before they were protected: under the key of whom they name."""

from django.db import migrations

from apps.audit.personal import keyring, protect
from apps.roaming.persons import MODULES, drivers_in

BATCH = 500
LONGEST_LABEL = 200


def protect_messages(apps, schema_editor):
    for name, columns in (("KeptObject", ["body"]), ("Push", ["body", "label"])):
        rows = apps.get_model("roaming", name).objects
        ids = list(rows.filter(module__in=MODULES).exclude(body="").values_list("pk", flat=True))
        for first in range(0, len(ids), BATCH):
            found = list(rows.filter(pk__in=ids[first : first + BATCH]))
            rows.bulk_update(_protected(found), columns, batch_size=BATCH)


def _protected(rows):
    """Those that named one driver. In what is protected already no driver is found."""
    named = [(row, drivers_in(row.module, row.body)) for row in rows]
    own = [(row, next(iter(drivers))) for row, drivers in named if len(drivers) == 1]
    keys = keyring(driver for _, driver in own)
    for row, driver in own:
        row.body = protect(row.body, driver, keys)
        if hasattr(row, "label"):
            label = protect(row.label, driver, keys)
            row.label = label if len(label) <= LONGEST_LABEL else row.module
    return [row for row, _ in own]


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_persons_in_texts"),
        ("roaming", "0008_find_persons_by_index"),
    ]

    operations = [migrations.RunPython(protect_messages, migrations.RunPython.noop)]
