"""Prices CDRs from lines of JSON, without a database."""

import io
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, TextIO

from django.core.management.base import BaseCommand, CommandError

from apps.tariffs.batch import MOST_CHARACTERS, price_line

_SKIPPED_AT_ONCE: Final = 1_000_000


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
        try:
            with _open(file) as source:
                self.price_lines(_lines_of(source))
        except BrokenPipeError:
            # Whoever reads our output (head) has seen enough; Python would complain at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None

    def price_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.strip():
                self.stdout.write(json.dumps(price_line(line), default=str))


def _lines_of(source: TextIO) -> Iterator[str]:
    """The lines; of one that is too long only its beginning, so that it never fills the memory."""
    while line := source.readline(MOST_CHARACTERS + 1):
        yield line
        while line and not line.endswith("\n"):
            line = source.readline(_SKIPPED_AT_ONCE)


def _open(file: str) -> AbstractContextManager[TextIO]:
    """The lines, in UTF-8 whatever the terminal speaks; what is none is replaced."""
    if file != "-":
        return Path(file).open(encoding="utf-8-sig", errors="replace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")
    return nullcontext(sys.stdin)
