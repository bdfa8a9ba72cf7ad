"""The findings of an import as a file: CSV, or JSON when the name ends so."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from apps.cdrs.models import CdrImport

COLUMNS: Final = ("line", "outcome", "code", "message", "cdr")


def write_report(*, cdr_import: CdrImport, path: Path) -> int:
    """Every refused or held row with its line and reason; returns how many lines were written."""
    findings = list(_findings(cdr_import))
    if path.suffix.lower() == ".json":
        content = {
            "file": cdr_import.file_name, "sha256": cdr_import.file_sha256,
            "rows": cdr_import.rows, "created": cdr_import.created,
            "unchanged": cdr_import.unchanged, "refused": cdr_import.refused,
            "held": cdr_import.held, "findings": findings,
        }  # fmt: skip
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(findings)
    return len(findings)


def _findings(cdr_import: CdrImport) -> Iterator[dict[str, Any]]:
    rows = cdr_import.findings.select_related("cdr").order_by("line", "id")
    for finding in rows.iterator(chunk_size=2000):
        yield {
            "line": finding.line,
            "outcome": finding.outcome,
            "code": finding.code,
            "message": finding.message,
            "cdr": str(finding.cdr) if finding.cdr else "",
        }
