"""Issue an API credential from the shell."""

from argparse import ArgumentParser
from datetime import UTC, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import Credential, Provider
from apps.accounts.services import issue_credential
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Makes an API credential of a provider or of a roaming party, and prints it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        owner = parser.add_mutually_exclusive_group(required=True)
        owner.add_argument("--provider", metavar="SLUG")
        owner.add_argument("--party", metavar="NL*EFL", help="OCPI party of a roaming peer")
        parser.add_argument("--name", required=True, help="what it is used for")
        parser.add_argument(
            "--scope", action="append", required=True, choices=Credential.Scope.values,
            help="may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--until", type=_day, metavar="YYYY-MM-DD", help="the first day it is not valid (UTC)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            issued = issue_credential(
                name=options["name"], scopes=options["scope"],
                provider=_provider(options["provider"]), operator_party=options["party"] or "",
                expires_at=options["until"],
            )  # fmt: skip
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stderr.write("Keep it safe; it is not shown again.")
        self.stdout.write(issued.text)


def _provider(slug: str | None) -> Provider | None:
    if slug is None:
        return None
    try:
        return Provider.objects.get(slug=slug)
    except Provider.DoesNotExist:
        known = ", ".join(Provider.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no provider {slug}; there are: {known or 'none'}.") from None


def _day(text: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(text).date(), time(), UTC)
