"""Exporting and erasing a person finds their rows by an index, not by reading all."""

from django.db import migrations

from apps.audit.mentions import IndexMentions


class Migration(migrations.Migration):
    dependencies = [("events", "0002_publish_and_hand_over_apart"), ("audit", "0004_persons_in_texts")]

    operations = [
        IndexMentions("event_persons", "events_event", "(data)::text"),
    ]
