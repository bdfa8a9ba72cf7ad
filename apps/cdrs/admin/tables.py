"""Costs, periods and messages of a charge, as tables that people read."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.cdrs.canonical import number as digits
from apps.cdrs.models import CDR
from apps.core import money, staff_display

PARTS: Final = ("energy", "time", "parking", "fixed", "reservation", "total")
# From the private use area: in no message of a partner.
_MARK: Final = "\ue000"
UNITS: Final = {
    "ENERGY": "kWh", "ENERGY_EXPORT": "kWh", "ENERGY_IMPORT": "kWh", "TIME": "h",
    "PARKING_TIME": "h", "RESERVATION_TIME": "h", "SESSION_TIME": "h", "POWER": "kW",
    "MIN_POWER": "kW", "MAX_POWER": "kW", "CURRENT": "A", "MIN_CURRENT": "A", "MAX_CURRENT": "A",
    "STATE_OF_CHARGE": "%",
}  # fmt: skip


def table(head: Sequence[object], body: Sequence[Sequence[object]]) -> SafeString:
    """A table with a head; the first cell of each row is its name."""
    return format_html(
        '<table class="staff-rows"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        format_html_join("", '<th scope="col">{}</th>', ((cell,) for cell in head)),
        format_html_join(
            "", "<tr>{}</tr>",
            ((format_html('<th scope="row">{}</th>{}', row[0],
                          format_html_join("", "<td>{}</td>", ((c,) for c in row[1:]))),)
             for row in body),
        ),
    )  # fmt: skip


def cost_as_sent(cdr: CDR) -> SafeString:
    """Each part that the operator named, and the total."""
    rows = [
        (part, _amount(cdr, f"{part}_cost_excl_vat"), _amount(cdr, f"{part}_cost_incl_vat"))
        for part in PARTS
        if part == "total"
        or getattr(cdr, f"{part}_cost_excl_vat") is not None
        or getattr(cdr, f"{part}_cost_incl_vat") is not None
    ]
    return table(["cost as sent", "excl. VAT", "incl. VAT"], rows)


def our_prices(cdr: CDR) -> SafeString:
    """Our prices beside the operator's, with what they differ by."""
    rows = [
        ("by the operator's tariff", *_beside(cdr, "computed_cost_excl_vat")),
        ("after review, what we pay", *_beside(cdr, "reviewed_cost_excl_vat")),
        ("retail, what the driver pays", *_beside(cdr, "retail_cost_excl_vat")),
    ]
    return table(["our prices", "excl. VAT", "against the cost as sent"], rows)


def _beside(cdr: CDR, name: str) -> tuple[object, object]:
    ours, sent = getattr(cdr, name), cdr.total_cost_excl_vat
    if ours is None or sent is None:
        return _amount(cdr, name), staff_display.EMPTY
    difference: Decimal = ours - sent
    sign = "+" if difference > 0 else ""
    text = "the same" if difference == 0 else f"{sign}{digits(difference)} {cdr.currency}"
    return _amount(cdr, name), staff_display.number(text)


def _amount(cdr: CDR, name: str) -> SafeString:
    return staff_display.number(money.display(getattr(cdr, name), cdr.currency))


def hold_reasons(cdr: CDR) -> SafeString | str:
    """Why a person must look, or had to."""
    if not cdr.hold_reasons:
        return "Nothing is odd about it."
    items = format_html_join(
        "", "<li>{} <code>{}</code></li>", ((r["message"], r["code"]) for r in cdr.hold_reasons)
    )
    return format_html('<ul class="staff-subjects">{}</ul>', items)


def periods(charge: Any, zone: str) -> SafeString | str:
    """The charging periods as sent, in the station's time, with units."""
    if not charge.charging_periods:
        return "The operator sent no charging periods."
    rows = [
        (_local(period.get("start_date_time"), zone), _dimensions(period),
         period.get("tariff_id") or staff_display.EMPTY)
        for period in charge.charging_periods[:500]
    ]  # fmt: skip
    return table(["start", "volumes", "tariff"], rows)


def _local(text: Any, zone: str) -> str:
    try:
        moment = datetime.fromisoformat(str(text))
        local = moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(zone or "UTC"))
    except (ValueError, KeyError, OSError, OverflowError):
        return str(text)
    return local.strftime("%-d %b %Y, %H:%M:%S %Z").strip()


def _dimensions(period: dict[str, Any]) -> str:
    dimensions = period.get("dimensions")
    if not isinstance(dimensions, list):
        return staff_display.EMPTY
    return ", ".join(
        f"{one.get('type')} {one.get('volume')} {UNITS.get(str(one.get('type')), '')}".strip()
        for one in dimensions
        if isinstance(one, dict)
    )


def message(text: str, title: str) -> SafeString | str:
    """A long text behind a click; JSON is indented, its numbers as they were sent."""
    if not text:
        return staff_display.EMPTY
    return format_html(
        '<details><summary>{}</summary><pre class="staff-pre" tabindex="0">{}</pre></details>',
        title, _indented(text),
    )  # fmt: skip


def _indented(text: str) -> str:
    """Numbers pass through as marked text, because a float would lose their digits."""
    try:
        content = json.loads(text, parse_float=lambda number: f"{_MARK}{number}{_MARK}")
        shown = json.dumps(content, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    return shown.replace(f'"{_MARK}', "").replace(f'{_MARK}"', "")
