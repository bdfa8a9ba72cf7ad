"""Makes a lively world to look around in."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Provider
from apps.demo.book import seed_book
from apps.demo.parties import seed_parties
from apps.demo.providers import PASSWORD, PROVIDERS, STAFF
from apps.demo.remote_sessions import seed_remote_sessions
from apps.demo.world import seed_charges, seed_credentials
from apps.remote_sessions.simulated.stations import add_simulated_stations


class Command(BaseCommand):
    help = (
        "Makes two providers with customers, stations of three operators with their tariffs, some "
        "thousand CDRs of three months in every state, and their invoices. Run again, it adds "
        "only the days since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--without-charges", action="store_true", help="only the parties and stations"
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there is a provider"
        )
        parser.add_argument(
            "--migrate", action="store_true",
            help="bring the database up to date first, which saves the start of a process",
        )  # fmt: skip
        parser.add_argument(
            "--logins", action="store_true", help="write nothing, print who can log in"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        if options["logins"]:
            self._print_logins()
        elif not (options["if_empty"] and Provider.objects.exists()):
            self._seed(with_charges=not options["without_charges"])

    def _seed(self, *, with_charges: bool) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo's passwords are known to everybody, so it is only made with DEBUG=1."
            )
        self.stdout.write("Demo: providers, customers, operators and stations")
        seed_parties()
        add_simulated_stations()
        self.stdout.write("Demo: tariffs, notes to drivers and rules of review")
        seed_book(now=timezone.now())
        if with_charges:
            self.stdout.write("Demo: three months of charges and their invoices")
            seed_charges(now=timezone.now())
            self.stdout.write("Demo: charges that drivers started through us")
            seed_remote_sessions(now=timezone.now())
        self._print_credentials(seed_credentials())

    def _print_credentials(self, texts: dict[str, str]) -> None:
        if texts:
            self.stdout.write("\n  API credentials of the demo, shown this one time:\n")
            for slug, text in texts.items():
                self.stdout.write(f"    {slug:<8} {text}")
            self.stdout.write("")

    def _print_logins(self) -> None:
        if not Provider.objects.filter(slug__in=[demo.slug for demo in PROVIDERS]).exists():
            return
        self.stdout.write(f"    Demo logins, all with the password {PASSWORD}")
        for email, _, role in STAFF:
            self.stdout.write(f"      {email:<30} {role.value}")
        for demo in PROVIDERS:
            self.stdout.write(f"      {demo.portal_user:<30} portal of {demo.slug}")
