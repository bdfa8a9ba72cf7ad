"""manage.py import_cdrs FILE --mapping MAPPING.toml --provider SLUG"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.accounts.models import Provider
from apps.cdrs.imports.mapping import find_mapping, read_mapping
from apps.cdrs.imports.report import write_report
from apps.cdrs.imports.running import import_cdrs
from apps.cdrs.models import CdrImport
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Import CDRs from an operator's CSV file; running it twice creates nothing new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mapping", required=True, help="A TOML file, or one that comes with us: dundee-2018."
        )
        parser.add_argument("--provider", required=True, help="Whose customers charged (slug).")
        parser.add_argument(
            "--create-missing",
            action="store_true",
            help="Create unknown operators, locations, EVSEs, and tokens with an account each.",
        )
        parser.add_argument(
            "--report", type=Path, help="Refused and held rows go here (.csv or .json)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        provider = Provider.objects.filter(slug=options["provider"]).first()
        if provider is None:
            known = ", ".join(Provider.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(
                f"No provider {options['provider']!r}; there are: {known or 'none'}."
            )
        try:
            with _bar() as bar:
                task = bar.add_task(options["file"].name, total=None)
                cdr_import = import_cdrs(
                    path=options["file"],
                    mapping=read_mapping(find_mapping(options["mapping"])),
                    provider=provider,
                    now=timezone.now(),
                    create_missing=options["create_missing"],
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        self._tell(cdr_import, options["report"])

    def _tell(self, cdr_import: CdrImport, report: Path | None) -> None:
        self.stdout.write(
            f"{cdr_import.rows} rows: {cdr_import.created} created, "
            f"{cdr_import.unchanged} unchanged, {cdr_import.refused} refused; "
            f"{cdr_import.held} held for a person."
        )
        if report:
            lines = write_report(cdr_import=cdr_import, path=report)
            self.stdout.write(f"{lines} findings with line and reason in {report}.")
        elif cdr_import.refused or cdr_import.held:
            self.stdout.write("Each with its line and reason: Imports in the admin, or --report.")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True,
    )  # fmt: skip
