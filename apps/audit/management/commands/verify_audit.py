"""Proves that the audit trail is whole, or names what is not."""

import itertools
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.verification import Verification


class Command(BaseCommand):
    help = (
        "Checks each entry and each seal of the audit trail. Names the first row that was "
        "changed, removed or inserted, and then exits with status 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--newest-seal", default="", metavar="NUMBER:HASH",
            help="A seal kept elsewhere (from the log line audit_sealed): it must be there.",
        )  # fmt: skip
        parser.add_argument(
            "--all", action="store_true", help="Name all findings, up to 1,000, not only the first."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        verification = Verification(expected_newest=options["newest_seal"])
        limit = 1000 if options["all"] else 1
        findings = list(itertools.islice(verification.findings(), limit))
        for finding in findings:
            self.stderr.write(self.style.ERROR(str(finding)))
        if findings:
            raise CommandError("The audit trail is not whole.")
        counts = verification.counts
        self.stdout.write(
            self.style.SUCCESS(
                f"The audit trail is whole: {counts.entries} entries under {counts.seals} seals, "
                f"{counts.unsealed} waiting for the next. Newest seal: {counts.newest}"
            )
        )
