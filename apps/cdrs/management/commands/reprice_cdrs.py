"""Computes our prices of stored CDRs again."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Provider
from apps.audit.context import Actor, acting
from apps.cdrs.models import CDR
from apps.cdrs.services.repricing import reprice_cdrs
from apps.core.forking import usable_cores

MOST_PROCESSES: Final = 4


class Command(BaseCommand):
    help = "Prices stored, unbilled CDRs again by the tariffs they carry and those of the book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="kept in the audit trail")
        parser.add_argument("--provider", help="only the CDRs of this provider (its slug)")
        parser.add_argument("--operator", help="only those of this OCPI party: NL*EFL")
        parser.add_argument(
            "--from", dest="start", type=_day, help="only those that ended on this day or later"
        )
        parser.add_argument(
            "--processes", type=int, help="by default one for each core, on PostgreSQL"
        )
        parser.add_argument("--until", type=_day, help="only those that ended before this day")

    def handle(self, **options: Any) -> None:
        with acting(Actor.job("reprice_cdrs")):
            done = reprice_cdrs(
                cdrs=_chosen(options),
                reason=options["reason"],
                now=timezone.now(),
                processes=options["processes"] or _processes(),
            )
        self.stdout.write(
            f"{done.looked_at:,} CDRs looked at, {done.changed:,} changed, "
            f"{done.without_price:,} without a price of ours."
        )


def _processes() -> int:
    """SQLite lets one process write at a time; each one more takes some 30 MB."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return 1
    return min(usable_cores(), MOST_PROCESSES)


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)


def _chosen(options: dict[str, Any]) -> Any:
    cdrs = CDR.objects.all()
    if slug := options["provider"]:
        provider = Provider.objects.filter(slug=slug).first()
        if provider is None:
            raise CommandError(f"There is no provider {slug}.")
        cdrs = cdrs.filter(provider=provider)
    if party := options["operator"]:
        country, _, party_id = party.partition("*")
        cdrs = cdrs.filter(country_code__iexact=country, party_id__iexact=party_id)
    if options["start"]:
        cdrs = cdrs.filter(ended_at__gte=options["start"])
    if options["until"]:
        cdrs = cdrs.filter(ended_at__lt=options["until"])
    return cdrs
