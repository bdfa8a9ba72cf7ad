"""Exporting and erasing a person finds their rows by an index, not by reading all."""

from django.db import migrations

from apps.audit.mentions import IndexMentions


class Migration(migrations.Migration):
    dependencies = [("roaming", "0007_persons"), ("audit", "0004_persons_in_texts")]

    operations = [
        IndexMentions(
            "exchange_persons", "roaming_exchange", "url", "request_body", "response_body"
        ),
        IndexMentions("kept_object_persons", "roaming_keptobject", "body"),
        IndexMentions("push_persons", "roaming_push", "body"),
    ]
