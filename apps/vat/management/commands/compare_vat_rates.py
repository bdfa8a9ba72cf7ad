"""Name the countries whose standard VAT rate differs from the package eu-vat-rates-data."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from eu_vat_rates_data import data_version

from apps.vat.rate_comparison import compare_rates
from apps.vat.services import load_rate_book


class Command(BaseCommand):
    help = "Compares our standard rates of a day with eu-vat-rates-data; fails when any differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--on", type=date.fromisoformat, help="the day of our rates (YYYY-MM-DD), else today"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        on = options["on"] or timezone.now().date()
        differences = compare_rates(load_rate_book(), on)
        for difference in differences:
            self.stdout.write(str(difference))
        if differences:
            raise CommandError(
                f"{len(differences)} standard rates of {on} differ from eu-vat-rates-data "
                f"{data_version}. Look them up, and mend the table under VAT rates."
            )
        self.stdout.write(f"All standard rates of {on} agree with {data_version}.")
