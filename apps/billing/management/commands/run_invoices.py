"""Draft, and with --issue also issue, a provider's invoices of a month."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Provider
from apps.billing import services
from apps.billing.management.reporting import (
    print_issued,
    print_summary,
    progress_bar,
    read_provider,
)
from apps.billing.periods import Period
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Drafts invoices for every accepted, unbilled CDR of a provider that ended before the "
        "end of a month. Started again, it goes on where it was and changes nothing that is right."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", required=True, metavar="SLUG")
        parser.add_argument("--period", required=True, metavar="YYYY-MM")
        parser.add_argument(
            "--dry-run", action="store_true", help="write nothing, print what it would come to"
        )
        parser.add_argument("--issue", action="store_true", help="issue the drafts afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and options["issue"]:
            raise CommandError("--dry-run writes nothing, so it can't issue.")
        try:
            provider = read_provider(options["provider"])
            period = Period.of_month(options["period"])
            self._run(provider, period, dry_run=options["dry_run"])
            if options["issue"]:
                self._issue(provider, period)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _run(self, provider: Provider, period: Period, *, dry_run: bool) -> None:
        with progress_bar("Accounts") as progress:
            summary = services.run_invoices(
                provider=provider,
                period=period,
                now=timezone.now(),
                dry_run=dry_run,
                progress=progress,
            )
        print_summary(self.stdout, summary)

    def _issue(self, provider: Provider, period: Period) -> None:
        with progress_bar("Invoices") as progress:
            issued = services.issue_invoices(
                provider=provider, period=period, now=timezone.now(), progress=progress
            )
        print_issued(self.stdout, issued)
