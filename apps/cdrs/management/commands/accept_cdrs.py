"""manage.py accept_cdrs --provider SLUG --until DATE --reason TEXT"""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Provider
from apps.cdrs.models import CDR
from apps.cdrs.services import accept_cdrs
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Accept a provider's pending CDRs that ended before a day; held ones stay held."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", required=True, help="Its slug.")
        parser.add_argument(
            "--until", required=True, type=date.fromisoformat,
            help="The first day that is not accepted any more (UTC): 2018-09-01.",
        )  # fmt: skip
        parser.add_argument("--reason", required=True, help="Kept in the history of each CDR.")

    def handle(self, *args: Any, **options: Any) -> None:
        provider = Provider.objects.filter(slug=options["provider"]).first()
        if provider is None:
            raise CommandError(f"There is no provider {options['provider']!r}.")
        until = datetime.combine(options["until"], time.min, tzinfo=UTC)
        due = CDR.objects.live().of_provider(provider).filter(
            status=CDR.Status.PENDING, ended_at__lt=until
        )  # fmt: skip
        try:
            done = accept_cdrs(
                cdrs=due.only("pk").iterator(), reason=options["reason"], now=timezone.now()
            )
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        self.stdout.write(f"{done.accepted} CDRs accepted; {done.held} stay held for a person.")
