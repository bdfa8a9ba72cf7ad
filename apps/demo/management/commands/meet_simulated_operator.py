"""manage.py meet_simulated_operator: the demo registers at the simulated operator over OCPI."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Provider
from apps.core.errors import DomainError
from apps.demo.providers import PROVIDERS
from apps.demo.roaming import meet_simulated_operator

PAUSE_SECONDS = 2


class Command(BaseCommand):
    help = "Register at the simulated operator, so that the demo has a whole roaming relation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tries", type=int, default=10, help="while it is starting")

    def handle(self, *args: Any, tries: int, **options: Any) -> None:
        if not settings.DEBUG or not settings.SIMULATED_OPERATOR_TOKEN:
            raise CommandError("There is a simulated operator with DEBUG=1 only.")
        if not Provider.objects.filter(slug__in=[demo.slug for demo in PROVIDERS]).exists():
            return
        for left in reversed(range(tries)):
            try:
                is_new = meet_simulated_operator(now=timezone.now())
            except DomainError as error:
                if not left:
                    raise CommandError(f"Not registered: {error.message}") from error
                time.sleep(PAUSE_SECONDS)
            else:
                self.stdout.write("Registered." if is_new else "Already registered.")
                return
