"""Decide VAT line by line: one JSON object in, one out. Needs no database."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError, InvalidInput
from apps.vat.decision_json import decide_json
from apps.vat.rates import RateBook


class Command(BaseCommand):
    help = "Decides the VAT of one JSON object per line, by the rates that come with the program."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="JSON lines; - or none: stdin")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] == "-":
            return self._decide_all(getattr(sys.stdin, "buffer", sys.stdin))
        try:
            with Path(options["file"]).open("rb") as lines:
                self._decide_all(lines)
        except OSError as error:
            raise CommandError(f"Can't read {options['file']}: {error.strerror}") from error

    def _decide_all(self, lines: Iterable[bytes | str]) -> None:
        rates = RateBook.shipped()
        for line in lines:
            if line.strip():
                self.stdout.write(_as_line(_answer(line, rates)))


def _answer(line: bytes | str, rates: RateBook) -> dict[str, Any]:
    """The decision, or the error, of one line; the run goes on either way."""
    raw: Any = None
    try:
        raw = _parse(line)
        return decide_json(raw, rates)
    except DomainError as error:
        known = raw.get("id") if isinstance(raw, dict) else None
        return {"id": known, "error": {"code": error.code, "message": error.message}}


def _parse(line: bytes | str) -> Any:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The line is no JSON: {error}") from None


def _as_line(answer: dict[str, Any]) -> str:
    """One line of JSON; characters that UTF-8 can't carry (half a surrogate pair) are escaped."""
    text = json.dumps(answer, ensure_ascii=False, default=str)
    if text.isascii() or text.encode("utf-8", "ignore").decode("utf-8") == text:
        return text
    return json.dumps(answer, default=str)
