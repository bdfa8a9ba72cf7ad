"""One row of a file as a CDR message, with what is needed to make unknown parties."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from apps.audit.personal import person_of_token
from apps.cdrs.imports.mapping import Mapping, Template
from apps.cdrs.imports.reading import FileRow
from apps.cdrs.messages import CdrMessage, Price
from apps.core.errors import InvalidInput

# OCPI totals have four decimals.
COST_STEP: Final = Decimal("0.0001")
LOCATION_ID_LENGTH: Final = 36
_OPTIONAL: Final = ("contract_id", "token_uid", "external_id", "session_id", "evse_uid", "evse_id",
                 "authorization_reference", "connector_id", "power_type", "remark")  # fmt: skip


class RowUnreadable(InvalidInput):
    """The row is no CDR: something without which there is none is missing or can't be read."""

    code = "ROW_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read; the dictionaries hold the filled templates of their sections."""

    line: int
    message: CdrMessage
    operator: dict[str, str]
    location: dict[str, str]
    account: dict[str, str]


def read_row(file_row: FileRow, mapping: Mapping) -> Row:
    """Raises RowUnreadable."""
    cells = file_row.cells
    if cells is None:
        raise RowUnreadable("The row has another number of cells than the header.")
    location = _fill(mapping.location, cells)
    operator = _fill(mapping.operator, cells)
    message = _message(_fill(mapping.cdr, cells), operator, location, cells, mapping, file_row.text)
    return Row(file_row.line, message, operator, location, _fill(mapping.account, cells))


def named_in(file_row: FileRow, mapping: Mapping) -> UUID | None:
    """The driver of a row that can't be read, if at least its token can."""
    if file_row.cells is None:
        return None
    named = {name: mapping.cdr[name].fill(file_row.cells)
             for name in ("contract_id", "token_uid") if name in mapping.cdr}  # fmt: skip
    return person_of_token(named.get("contract_id", ""), named.get("token_uid", ""))


def _fill(section: dict[str, Template], cells: dict[str, str]) -> dict[str, str]:
    return {name: template.fill(cells) for name, template in section.items()}


def _message(
    cdr: dict[str, str],
    operator: dict[str, str],
    location: dict[str, str],
    cells: dict[str, str],
    mapping: Mapping,
    text: str,
) -> CdrMessage:
    for name, label in (("cdr_id", "id"), ("started_at", "start"), ("ended_at", "end")):
        if not cdr[name]:
            raise RowUnreadable(f"The {label} is missing.")
    started_at, ended_at = _times(cdr["started_at"], cdr["ended_at"], mapping)
    kwh = _energy(cdr, mapping)
    texts: dict[str, Any] = {name: cdr[name] for name in _OPTIONAL if name in cdr}
    costs: dict[str, Any] = dict(_costs(kwh, ended_at - started_at, cells, mapping))
    return CdrMessage(
        country_code=operator["country_code"],
        party_id=operator["party_id"],
        cdr_id=cdr["cdr_id"],
        started_at=started_at,
        ended_at=ended_at,
        currency=cdr["currency"],
        kwh=kwh,
        location_id=location_id(location.get("id", "")),
        location_name=location.get("name", ""),
        location_country=location.get("country", ""),
        location_postcode=location.get("postcode", ""),
        location_time_zone=mapping.time_zone.key,
        **texts,
        **costs,
        raw=text,
    )


def location_id(text: str) -> str:
    """An id that fits OCPI's 36 characters: as it is, or shortened with a digest of the whole."""
    if len(text) <= LOCATION_ID_LENGTH:
        return text
    short = re.sub(r"[^a-z0-9]+", "-", text.lower())[: LOCATION_ID_LENGTH - 9].rstrip("-")
    return f"{short}-{sha256(text.encode()).hexdigest()[:8]}"


def _times(start: str, end: str, mapping: Mapping) -> tuple[datetime, datetime]:
    """In UTC. An hour that the clock shows twice is the first one, unless the end came before."""
    started_at = _moment(start, mapping).astimezone(UTC)
    local_end = _moment(end, mapping)
    ended_at = local_end.astimezone(UTC)
    if ended_at < started_at:
        ended_at = max(ended_at, local_end.replace(fold=1).astimezone(UTC))
    return started_at, ended_at


def _moment(text: str, mapping: Mapping) -> datetime:
    try:
        if mapping.date_format == "iso":
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.strptime(text, mapping.date_format)  # noqa: DTZ007 - see below
        local = moment if moment.tzinfo else moment.replace(tzinfo=mapping.time_zone)
        local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowUnreadable(f"{text!r} is no date of the form {mapping.date_format}.") from None
    return local


def _energy(cdr: dict[str, str], mapping: Mapping) -> Decimal:
    text = cdr.get("kwh") or cdr.get("wh") or ""
    if not text:
        raise RowUnreadable("The energy is missing.")
    energy = _number(text, mapping)
    return energy / 1000 if "wh" in cdr else energy


def _number(text: str, mapping: Mapping) -> Decimal:
    plain = text.replace(".", "").replace(",", ".") if mapping.decimal_comma else text
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise RowUnreadable(f"{text!r} is no number.") from None
    if not number.is_finite() or abs(number.adjusted()) > 12:
        raise RowUnreadable(f"{text!r} is no number that a charge can have.")
    return number


def _costs(
    kwh: Decimal, duration: timedelta, cells: dict[str, str], mapping: Mapping
) -> dict[str, Price]:
    """The file's own totals, and what the mapping's rates make of the energy and the time."""
    totals = {
        name: _number(text, mapping) if (text := template.fill(cells)) else None
        for name, template in mapping.cost.items()
    }
    if not mapping.rates:
        return {"total_cost": Price(totals.get("total_excl_vat"), totals.get("total_incl_vat"))}
    hours = Decimal(int(duration.total_seconds())) / 3600
    amounts = {"per_kwh": kwh, "per_hour": hours, "per_session": Decimal(1)}
    parts = {"per_kwh": "energy_cost", "per_hour": "time_cost", "per_session": "fixed_cost"}
    costs = {parts[name]: _cost(rate * amounts[name]) for name, rate in mapping.rates.items()}
    total = sum((price.excl_vat or Decimal(0) for price in costs.values()), Decimal(0))
    return {**costs, "total_cost": Price(total, totals.get("total_incl_vat"))}


def _cost(amount: Decimal) -> Price:
    return Price(amount.quantize(COST_STEP, rounding=ROUND_HALF_UP))
