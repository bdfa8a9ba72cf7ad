"""Exporting and erasing a person finds their rows by an index, not by reading all."""

from django.db import migrations

from apps.audit.mentions import IndexMentions


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0007_protect_more_of_persons"), ("audit", "0004_persons_in_texts")]

    operations = [
        IndexMentions("finding_persons", "cdrs_importfinding", "message"),
    ]
