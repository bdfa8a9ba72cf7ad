"""Prices CDRs from lines of JSON, without a database."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.tariffs.batch import price_line


class Command(BaseCommand):
    help = (
        "Prices OCPI CDRs: reads one JSON object per line "
        '{"id", "ocpi_version", "cdr", "tariff", "time_zone"} and writes the priced CDR, or a '
        "coded error, as one JSON object per line."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", default="-", help="the file to read; - or none is standard input"
        )

    def handle(self, *, file: str, **options: Any) -> None:
        if file == "-":
            self.price_lines(sys.stdin)
            return
        try:
            with Path(file).open(encoding="utf-8", errors="replace") as lines:
                self.price_lines(lines)
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None

    def price_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.strip():
                self.stdout.write(json.dumps(price_line(line), ensure_ascii=False))
