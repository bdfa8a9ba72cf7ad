"""A CSV file, row by row, each with its line and its text as it stands in the file."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from apps.cdrs.imports.mapping import Mapping
from apps.core.errors import InvalidInput

CHUNK: Final = 1024 * 1024


class FileUnreadable(InvalidInput):
    """The file is not there, or is no table of text."""

    code = "IMPORT_FILE_UNREADABLE"


class FileNotCsv(FileUnreadable):
    """It opens, but is no CSV file with a header."""

    code = "IMPORT_FILE_NOT_CSV"


class WrongEncoding(FileUnreadable):
    """Its bytes are not in the encoding that the mapping names."""

    code = "IMPORT_FILE_ENCODING"


@dataclass(frozen=True, slots=True)
class Survey:
    """A first look at the whole file, so that nothing is written of one that can't be read."""

    sha256: str
    rows: int
    header: list[str]


@dataclass(frozen=True, slots=True)
class FileRow:
    """One record: the line on which it begins, its text, its cells by column (stripped)."""

    line: int
    text: str
    cells: dict[str, str] | None


def survey(path: Path, mapping: Mapping) -> Survey:
    """Raises FileUnreadable, FileNotCsv, WrongEncoding, ColumnMissing."""
    sha256 = _sha256(path)
    try:
        with _open(path, mapping) as file:
            records = csv.reader(file, delimiter=mapping.delimiter, strict=True)
            header = [name.strip() for name in next(records, [])]
            if not any(header):
                raise FileNotCsv(f"{path.name} is empty: it has no header line.")
            mapping.check_columns(header)
            rows = sum(1 for record in records if record)
    except UnicodeDecodeError as error:
        raise WrongEncoding(
            f"{path.name} is not {mapping.encoding}: {error.reason} at byte {error.start}. "
            "Name its encoding in the mapping: [file] encoding."
        ) from None
    except csv.Error as error:
        raise FileNotCsv(f"{path.name} is no CSV file: {error}.") from None
    return Survey(sha256, rows, header)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if b"\x00" in chunk:
                    raise FileNotCsv(f"{path.name} is no CSV file: it holds binary data.")
                digest.update(chunk)
    except OSError as error:
        raise FileUnreadable(f"{path} can't be read: {error.strerror}.") from None
    return digest.hexdigest()


def _open(path: Path, mapping: Mapping) -> IO[str]:
    return path.open(encoding=mapping.encoding, newline="")


def rows(path: Path, mapping: Mapping, header: list[str]) -> Iterator[FileRow]:
    """The records after the header; `cells` is None for one of another width."""
    with _open(path, mapping) as file:
        lines = _Remembered(file)
        records = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
        next(records)
        lines.take()
        line = records.line_num + 1
        for record in records:
            text, begins, line = lines.take(), line, records.line_num + 1
            if record:
                fits = len(record) == len(header)
                cells = dict(zip(header, map(str.strip, record), strict=True)) if fits else None
                yield FileRow(begins, text, cells)


class _Remembered:
    """Lines as they are read, kept until their record is complete."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lines: list[str] = []

    def __iter__(self) -> "_Remembered":
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self._lines.append(line)
        return line

    def take(self) -> str:
        text = "".join(self._lines).rstrip("\r\n")
        self._lines.clear()
        return text
