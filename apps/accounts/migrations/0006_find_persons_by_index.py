"""Exporting and erasing a person finds their rows by an index, not by reading all."""

from django.db import migrations

from apps.audit.mentions import IndexMentions


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_tokens_by_change"), ("audit", "0004_persons_in_texts")]

    operations = [
        IndexMentions("idempotency_key_persons", "accounts_idempotencykey", "body"),
    ]
