"""The rates that come with the program, written with their trail after the migrations.

Not by a migration: it sees the tables of its day, without versions, entries and actors.
"""

from dataclasses import asdict

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.vat.models import VatRate
from apps.vat.rates import shipped_rates


def bring_rates(*, actor: Actor) -> list[VatRate]:
    """Fill an empty table; staff keep the rates up to date from then on.

    Rows without a version, which a migration wrote before, get theirs and their entry. Gives the
    rows that were written or told of; safe to repeat.
    """
    change = change_of("brought VAT rate", reason="These rates come with the program.", actor=actor)
    with transaction.atomic():
        if VatRate.objects.exists():
            return VatRate.objects.tell_of_unversioned(audit_change=change)
        return VatRate.objects.bulk_create(
            [VatRate(**asdict(rate)) for rate in shipped_rates()], audit_change=change
        )


def bring_rates_after_migrate(*, using: str, **kwargs: object) -> None:
    """Receiver of post_migrate; waits for the migrate that brings every table up to date."""
    if using == connection.alias and (kwargs.get("apps") is None or _is_up_to_date()):
        bring_rates(actor=Actor.job("migrate"))


def _is_up_to_date() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
