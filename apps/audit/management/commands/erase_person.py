"""Makes a person unreadable, for ever."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.audit.persons import erase_person, find_person
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Pseudonymises a person and destroys the keys of their values in the trail, in events "
        "and in kept messages. Invoices stay as the law asks. Can't be undone. Audited."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "person", help="Id, e-mail address, customer number, contract id or card."
        )
        parser.add_argument("--reason", required=True, help="Kept in the trail: name nobody in it.")
        parser.add_argument("--yes", action="store_true", help="Don't ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find_person(options["person"])
            if not options["yes"] and not self._is_sure(person.label):
                raise CommandError("Nothing was erased.")
            erased = erase_person(person=person, reason=options["reason"], now=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        counts = ", ".join(f"{count} {name}" for name, count in erased.items())
        self.stdout.write(self.style.SUCCESS(f"Erased {person.kind} {person.id}: {counts}."))

    def _is_sure(self, label: str) -> bool:
        return input(f"Erase {label} for ever? Type yes: ").strip() == "yes"
