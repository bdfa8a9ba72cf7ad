"""Conflicts from before 0007 belong to who charged: their content lies under that person's key."""

from django.db import migrations

from apps.audit.personal import keyring, person_of_token, protect


def protect_conflicts(apps, schema_editor):
    conflicts = apps.get_model("cdrs", "CdrConflict").objects
    old = list(conflicts.filter(person_id=None).select_related("cdr"))
    for conflict in old:
        conflict.person_id = person_of_token(conflict.cdr.contract_id, conflict.cdr.token_uid)
    keys = keyring(conflict.person_id for conflict in old)
    for conflict in old:
        conflict.raw = protect(conflict.raw, conflict.person_id, keys)
        conflict.differences = protect(conflict.differences, conflict.person_id, keys)
    conflicts.bulk_update(old, ["person_id", "raw", "differences"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_persons_in_texts"),
        ("cdrs", "0008_find_persons_by_index"),
    ]

    operations = [migrations.RunPython(protect_conflicts, migrations.RunPython.noop)]
