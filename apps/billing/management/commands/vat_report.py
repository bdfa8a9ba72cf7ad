"""The VAT report of a provider as CSV on standard output."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.billing.management.reporting import read_provider
from apps.billing.periods import Period
from apps.billing.vat_report import report_vat
from apps.billing.vat_report_csv import csv_rows
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Writes the VAT of the invoices that a provider issued in a period, as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", required=True, metavar="SLUG")
        parser.add_argument("--period", required=True, metavar="YYYY-MM", help="the first month")
        parser.add_argument("--to", metavar="YYYY-MM", help="the last month, else the first")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            provider = read_provider(options["provider"])
            first = Period.of_month(options["period"])
            last = Period.of_month(options["to"] or options["period"])
        except DomainError as error:
            raise CommandError(error.message) from error
        period = Period(first.start, last.end)
        report = report_vat(provider=provider, start=period.start, end=period.end)
        for row in csv_rows(report, period):
            self.stdout.write(row, ending="")
