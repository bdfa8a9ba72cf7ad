"""Issue the drafts of a provider."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.billing import services
from apps.billing.management.reporting import print_issued, progress_bar, read_provider
from apps.billing.periods import Period
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Gives a provider's draft invoices their numbers and freezes them; their CDRs are billed. "
        "Several processes may do this at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", required=True, metavar="SLUG")
        parser.add_argument("--period", required=True, metavar="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            provider = read_provider(options["provider"])
            with progress_bar("Invoices") as progress:
                issued = services.issue_invoices(
                    provider=provider,
                    period=Period.of_month(options["period"]),
                    now=timezone.now(),
                    progress=progress,
                )
        except DomainError as error:
            raise CommandError(error.message) from error
        print_issued(self.stdout, issued)
