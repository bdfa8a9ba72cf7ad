"""Everything kept of a person, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.persons import export_person, find_person
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Writes everything that is kept of a person as JSON to standard output. Audited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "person", help="Id, e-mail address, customer number, contract id or card."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = export_person(person=find_person(options["person"]))
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(found, indent=2, default=str, ensure_ascii=False))
