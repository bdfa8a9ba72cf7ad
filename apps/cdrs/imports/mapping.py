"""How the columns of a file become a CDR: a TOML file, read and checked before any row is.

Each value is a template: "GB-DCC-{User ID}" is filled with the row's cells, text without braces
is the same for all rows. A template with an empty cell is empty. See docs/import.md.
"""

import codecs
import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from apps.core.errors import InvalidInput

SHIPPED: Final = Path(__file__).resolve().parent.parent / "mappings"
CDR_REQUIRED: Final = ("cdr_id", "started_at", "ended_at", "currency")
CDR_OPTIONAL: Final = (
    "kwh", "wh", "contract_id", "token_uid", "external_id", "session_id",
    "authorization_reference", "evse_uid", "evse_id", "connector_id", "power_type", "remark",
)  # fmt: skip
COST_TEMPLATES: Final = ("total_excl_vat", "total_incl_vat")
COST_RATES: Final = ("per_kwh", "per_hour", "per_session")
SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "file": ("encoding", "delimiter", "time_zone", "date_format", "decimal_comma"),
    "cdr": (*CDR_REQUIRED, *CDR_OPTIONAL),
    "cost": (*COST_TEMPLATES, *COST_RATES),
    "operator": ("country_code", "party_id", "name"),
    "location": ("id", "name", "street", "postcode", "city", "country"),
    "account": ("number", "name", "email", "country", "kind"),
}
_COLUMN = re.compile(r"\{([^{}]+)\}")


class MappingUnreadable(InvalidInput):
    """The mapping file is missing, is no TOML, or says something that has no meaning."""

    code = "MAPPING_INVALID"


class ColumnMissing(InvalidInput):
    """The mapping names a column that the file doesn't have, or has twice."""

    code = "MAPPING_COLUMN_MISSING"


@dataclass(frozen=True, slots=True)
class Template:
    """Text with `{Column}` places."""

    text: str

    @property
    def columns(self) -> list[str]:
        return _COLUMN.findall(self.text)

    def fill(self, cells: MappingType[str, str]) -> str:
        """Empty when one of its cells is."""
        if any(not cells[column] for column in self.columns):
            return ""
        return _COLUMN.sub(lambda place: cells[place[1]], self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A checked mapping. Rates are excluding VAT, in the currency of the row."""

    name: str
    time_zone: ZoneInfo
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    date_format: str = "iso"
    decimal_comma: bool = False
    cdr: dict[str, Template] = field(default_factory=dict)
    cost: dict[str, Template] = field(default_factory=dict)
    rates: dict[str, Decimal] = field(default_factory=dict)
    operator: dict[str, Template] = field(default_factory=dict)
    location: dict[str, Template] = field(default_factory=dict)
    account: dict[str, Template] = field(default_factory=dict)

    def check_columns(self, header: list[str]) -> None:
        """Raises ColumnMissing, naming what is there."""
        for section in (self.cdr, self.cost, self.operator, self.location, self.account):
            for name, template in section.items():
                for column in template.columns:
                    _check_column(column, name, header)


def _check_column(column: str, name: str, header: list[str]) -> None:
    times = header.count(column)
    if times == 0:
        there = ", ".join(repr(one) for one in header if one)
        raise ColumnMissing(
            f"The file has no column {column!r}, which the mapping uses for {name}. "
            f"Its columns are {there}.",
            column=column,
        )
    if times > 1:
        raise ColumnMissing(f"The file has {times} columns {column!r}.", column=column)


def find_mapping(name: str) -> Path:
    """A file, or one of the mappings that come with us: "dundee-2018". Raises MappingUnreadable."""
    for path in (Path(name), SHIPPED / name, SHIPPED / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
    raise MappingUnreadable(f"There is no mapping {name}. These come with us: {known}.")


def read_mapping(path: Path) -> Mapping:
    """Raises MappingUnreadable."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingUnreadable(f"The mapping {path} can't be read: {error}") from None
    return parse_mapping(content, name=path.stem)


def parse_mapping(content: dict[str, Any], *, name: str) -> Mapping:
    """Raises MappingUnreadable."""
    _check_keys(content)
    file: dict[str, Any] = content.get("file", {})
    cost: dict[str, Any] = content.get("cost", {})
    sections: dict[str, Any] = {
        section: _templates(content.get(section, {}), section)
        for section in ("cdr", "operator", "location", "account")
    }
    _require(sections["cdr"], CDR_REQUIRED, "cdr")
    _require(sections["operator"], ("country_code", "party_id"), "operator")
    if ("kwh" in sections["cdr"]) == ("wh" in sections["cdr"]):
        raise MappingUnreadable("[cdr] needs the energy: either kwh or wh.")
    if not cost:
        raise MappingUnreadable(
            f"[cost] is missing: one of {', '.join((*COST_TEMPLATES, *COST_RATES))}."
        )
    return Mapping(
        name=name,
        time_zone=_time_zone(file.get("time_zone")),
        **{key: file[key] for key in file if key != "time_zone"},
        cost=_templates({k: v for k, v in cost.items() if k in COST_TEMPLATES}, "cost"),
        rates={key: _rate(key, cost[key]) for key in COST_RATES if key in cost},
        **sections,
    )


def _check_keys(content: dict[str, Any]) -> None:
    for section, values in content.items():
        if section not in SECTIONS:
            raise MappingUnreadable(f"[{section}] is no section; there are {', '.join(SECTIONS)}.")
        if not isinstance(values, dict):
            raise MappingUnreadable(f"{section} must be a section: [{section}].")
        for key in values:
            if key not in SECTIONS[section]:
                raise MappingUnreadable(
                    f"[{section}] has no {key}; there are {', '.join(SECTIONS[section])}."
                )
    _check_file(content.get("file", {}))


def _check_file(file: dict[str, Any]) -> None:
    for key, value in file.items():
        wanted = bool if key == "decimal_comma" else str
        if not isinstance(value, wanted):
            raise MappingUnreadable(f"[file] {key} must be a {wanted.__name__}.")
    if len(file.get("delimiter", ",")) != 1:
        raise MappingUnreadable("[file] delimiter is one character.")
    try:
        codecs.lookup(file.get("encoding", "utf-8"))
    except LookupError:
        raise MappingUnreadable(f"[file] encoding {file['encoding']!r} is unknown.") from None


def _templates(values: dict[str, Any], section: str) -> dict[str, Template]:
    for key, value in values.items():
        if not isinstance(value, str):
            raise MappingUnreadable(f'[{section}] {key} must be text: {key} = "{value}".')
    return {key: Template(value) for key, value in values.items()}


def _require(values: dict[str, Template], names: tuple[str, ...], section: str) -> None:
    if missing := [name for name in names if name not in values]:
        raise MappingUnreadable(f"[{section}] lacks {', '.join(missing)}.")


def _time_zone(name: Any) -> ZoneInfo:
    if name not in available_timezones():
        raise MappingUnreadable(
            f"[file] time_zone must be an IANA name such as Europe/London, not {name!r}."
        )
    return ZoneInfo(name)


def _rate(key: str, value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or rate < 0:
        raise MappingUnreadable(f'[cost] {key} must be a price, as text: {key} = "0.19".')
    return rate
