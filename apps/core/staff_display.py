"""How staff screens show values: money, energy, states, moments, each with its unit.

Each function makes a column for `list_display` or a field for `readonly_fields`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import money as amounts

Column = Callable[[Any], Any]
Tone = Literal["good", "warning", "bad", "info", "calm"]
EMPTY = "–"
ABBREVIATIONS = {word.lower(): word for word in ("CDR", "EVSE", "PSP", "VAT", "kWh")}


def badge(text: object, tone: Tone = "calm") -> SafeString:
    """A small coloured label; the colour repeats what the text says."""
    return format_html('<span class="staff-badge staff-{}">{}</span>', tone, text)


def badges(field: str, tones: Mapping[str, Tone], description: str = "") -> Column:
    """A choice field as a badge: `badges("status", {"REJECTED": "bad"})`."""

    @admin.display(ordering=field, description=description or _label(field))
    def column(record: Any) -> SafeString | str:
        value = getattr(record, field)
        if not value:
            return EMPTY
        return badge(getattr(record, f"get_{field}_display")(), tones.get(str(value), "calm"))

    return _named(column, field)


def money(field: str, currency: str = "currency", description: str = "") -> Column:
    """An amount with its currency and all its digits, aligned for comparison."""

    @admin.display(ordering=field, description=description or _label(field))
    def column(record: Any) -> SafeString | str:
        amount = getattr(record, field)
        if amount is None:
            return EMPTY
        code = getattr(record, currency) or "?"
        return number(amounts.display(amount, code))

    return _named(column, field)


def kwh(field: str = "kwh", description: str = "energy") -> Column:
    """An energy in kWh, without the zeros that the database adds."""

    @admin.display(ordering=field, description=description)
    def column(record: Any) -> SafeString | str:
        value: Decimal | None = getattr(record, field)
        return EMPTY if value is None else number(f"{value.normalize():,f} kWh")

    return _named(column, field)


def number(text: object) -> SafeString:
    """A figure, with digits of one width, never broken over two lines."""
    return format_html('<span class="staff-number">{}</span>', text)


def local_time(field: str, zone: str, description: str = "") -> Column:
    """A moment as the clock at the place showed it; `zone` names the field of the time zone."""

    @admin.display(ordering=field, description=description or _label(field))
    def column(record: Any) -> SafeString | str:
        moment: datetime | None = getattr(record, field)
        if moment is None:
            return EMPTY
        name = getattr(record, zone) or "UTC"
        local = moment.astimezone(ZoneInfo(name))
        return format_html(
            '<time class="staff-number" datetime="{}" title="{} ({})">{}</time>',
            moment.isoformat(), moment.strftime("%-d %b %Y, %H:%M:%S UTC"), name,
            local.strftime("%-d %b %Y, %H:%M %Z"),
        )  # fmt: skip

    return _named(column, field)


def link(record: Model | None, text: object = "") -> SafeString | str:
    """The record's name, leading to its staff page where it has one."""
    if record is None:
        return EMPTY
    name = f"admin:{record._meta.app_label}_{record._meta.model_name}_change"
    try:
        address = reverse(name, args=[record.pk])
    except NoReverseMatch:
        return str(text or record)
    return format_html('<a class="staff-link" href="{}">{}</a>', address, text or record)


def linked(field: str, description: str = "") -> Column:
    """A foreign key as a link to that record's page; needs `list_select_related`."""

    @admin.display(ordering=field, description=description or _label(field))
    def column(record: Any) -> SafeString | str:
        return link(getattr(record, field))

    return _named(column, field)


def rows(pairs: list[tuple[object, object]]) -> SafeString | str:
    """A small table of names and values."""
    if not pairs:
        return EMPTY
    body = [format_html("<tr><th>{}</th><td>{}</td></tr>", name, value) for name, value in pairs]
    return format_html(
        '<table class="staff-rows"><tbody>{}</tbody></table>', SafeString("".join(body))
    )


def _label(field: str) -> str:
    """The field's name as people spell it."""
    return " ".join(ABBREVIATIONS.get(word, word) for word in field.split("_"))


def _named(column: Column, field: str) -> Column:
    """A name of its own, because the admin tells columns by it."""
    column.__name__ = f"{field}_shown"
    return column
