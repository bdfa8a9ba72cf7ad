"""One import from the first look at the file to its report; started again it goes on."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.personal import person_of_token, protect
from apps.audit.services import record
from apps.cdrs.form import check_cdr_form
from apps.cdrs.imports.mapping import Mapping
from apps.cdrs.imports.missing import Missing
from apps.cdrs.imports.reading import FileRow, Survey, rows, survey
from apps.cdrs.imports.rows import Row, RowUnreadable, named_in, read_row
from apps.cdrs.models import CDR, CdrImport, ImportFinding
from apps.cdrs.services.receiving import Arrival, receive_cdrs
from apps.core.errors import DomainError

BATCH: Final = 500
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Run:
    """What an import carries from batch to batch."""

    cdr_import: CdrImport
    mapping: Mapping
    provider: Provider
    now: datetime
    actor: Actor | None
    missing: Missing | None
    counts: Counter[str] = field(default_factory=Counter)


def import_cdrs(
    *,
    path: Path,
    mapping: Mapping,
    provider: Provider,
    now: datetime,
    create_missing: bool = False,
    progress: Progress = lambda done, total: None,
    actor: Actor | None = None,
) -> CdrImport:
    """Every row becomes a CDR, is one already, or is refused; a transaction per 500 rows.

    `progress` hears the rows done and their number. Raises FileUnreadable, FileNotCsv,
    WrongEncoding, ColumnMissing before anything is written.
    """
    look = survey(path, mapping)
    _close_interrupted(provider, look, now, actor)
    cdr_import = CdrImport(
        provider=provider, file_name=path.name, file_sha256=look.sha256, rows=look.rows,
        mapping_name=mapping.name, started_at=now,
    )  # fmt: skip
    record("started CDR import", cdr_import, actor=actor)
    run = _Run(
        cdr_import, mapping, provider, now, actor,
        Missing(provider=provider, time_zone=mapping.time_zone.key, actor=actor)
        if create_missing else None,
    )  # fmt: skip
    try:
        done = 0
        for batch in _batches(rows(path, mapping, look.header)):
            with transaction.atomic():
                _import_batch(run, batch)
            progress(done := done + len(batch), look.rows)
    except BaseException as error:
        _finish(run, CdrImport.State.FAILED, error=f"{type(error).__name__}: {error}")
        raise
    _finish(run, CdrImport.State.FINISHED)
    return cdr_import


def _close_interrupted(
    provider: Provider, look: Survey, now: datetime, actor: Actor | None
) -> None:
    """A run of this file that was killed could not say so itself."""
    for interrupted in CdrImport.objects.filter(
        provider=provider, file_sha256=look.sha256, state=CdrImport.State.RUNNING
    ):
        interrupted.state, interrupted.ended_at = CdrImport.State.FAILED, now
        interrupted.error = "Interrupted; a later run of the file went on."
        record("closed interrupted CDR import", interrupted, actor=actor)


def _batches(file_rows: Iterator[FileRow]) -> Iterator[list[FileRow]]:
    while batch := list(islice(file_rows, BATCH)):
        yield batch


def _import_batch(run: _Run, batch: Sequence[FileRow]) -> None:
    readable: list[Row] = []
    findings: list[ImportFinding] = []
    for file_row in batch:
        try:
            readable.append(read_row(file_row, run.mapping))
        except RowUnreadable as error:
            findings.append(_refusal(run, file_row.line, error, named_in(file_row, run.mapping)))
    if run.missing:
        run.missing.create([row for row in readable if _is_well_formed(row)])
    arrivals = receive_cdrs(
        messages=[row.message for row in readable], source=CDR.Source.IMPORT,
        provider=run.provider, now=run.now, actor=run.actor,
    )  # fmt: skip
    for row, arrival in zip(readable, arrivals, strict=True):
        findings += _findings(run, row, arrival)
    ImportFinding.objects.bulk_create(findings)


def _is_well_formed(row: Row) -> bool:
    """Nobody is created for a row that will be refused."""
    with suppress(DomainError):
        check_cdr_form(row.message)
        return True
    return False


def _findings(run: _Run, row: Row, arrival: Arrival) -> Iterator[ImportFinding]:
    if arrival.error:
        yield _refusal(run, row.line, arrival.error, _driver_of(row), arrival.cdr)
        return
    run.counts["created" if arrival.created else "unchanged"] += 1
    cdr = arrival.cdr
    if cdr is not None and cdr.is_held:
        run.counts["held"] += 1
        for reason in cdr.hold_reasons:
            yield ImportFinding(
                cdr_import=run.cdr_import, line=row.line, outcome=ImportFinding.Outcome.HELD,
                code=reason["code"], message=protect(reason["message"], _driver_of(row)), cdr=cdr,
            )  # fmt: skip


def _driver_of(row: Row) -> UUID | None:
    return person_of_token(row.message.contract_id, row.message.token_uid)


def _refusal(
    run: _Run, line: int, error: DomainError, person_id: UUID | None, cdr: CDR | None = None
) -> ImportFinding:
    """The error may quote the row, so that it is kept as the driver's."""
    run.counts["refused"] += 1
    return ImportFinding(
        cdr_import=run.cdr_import, line=line, outcome=ImportFinding.Outcome.REFUSED,
        code=error.code, message=protect(error.message, person_id), cdr=cdr,
    )  # fmt: skip


def _finish(run: _Run, state: str, **fields: Any) -> None:
    cdr_import = run.cdr_import
    for name, value in {**run.counts, **fields}.items():
        setattr(cdr_import, name, value)
    cdr_import.state, cdr_import.ended_at = state, timezone.now()
    record("ended CDR import", cdr_import, actor=run.actor)
