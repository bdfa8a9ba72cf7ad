"""The VAT report as CSV, for the tax adviser's spreadsheet."""

import csv
from collections.abc import Iterator
from typing import Final

from apps.billing.periods import Period
from apps.billing.vat_report import ReportLine, VatReport

COLUMNS: Final = (
    "from", "to", "return", "tax_country", "category", "rate", "documents", "currency", "net",
    "vat", "gross", "vat_currency", "vat_in_vat_currency",
)  # fmt: skip


class _Echo:
    """Gives back what the csv module writes, so that rows can be streamed."""

    def write(self, row: str) -> str:
        return row


def csv_rows(report: VatReport, period: Period) -> Iterator[str]:
    """Lines of CSV with a header; `to` is the last day of the period."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for line in report.lines:
        yield writer.writerow(_cells(line, period))


def _cells(line: ReportLine, period: Period) -> tuple[object, ...]:
    key = line.key
    return (
        period.start, period.last_day, key.reporting or "none", key.tax_country, key.category,
        f"{key.rate:f}", line.documents, key.currency, line.net, line.vat, line.gross,
        line.vat_currency, line.vat_in_vat_currency,
    )  # fmt: skip
