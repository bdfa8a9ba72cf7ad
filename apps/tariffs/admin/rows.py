"""The rows of the tariff editor: read from what a browser posted, and shown as labelled fields."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict

from apps.tariffs.drafts import (
    COMPONENT,
    HEAD,
    INSTANTS,
    LIMITS,
    MOST_COMPONENTS,
    MOST_ELEMENTS,
    RESTRICTIONS,
    ComponentDraft,
    Draft,
    ElementDraft,
    NotTabular,
    is_picked_instant,
    text_of,
)
from apps.tariffs.linter import Finding
from apps.tariffs.problems import Problem
from apps.tariffs.restrictions import DAYS
from apps.tariffs.staff_preview import read_content

TYPES: Final = (
    ("ENERGY", "Energy, per kWh"),
    ("TIME", "Charging time, per hour"),
    ("PARKING_TIME", "Parking time, per hour"),
    ("FLAT", "Flat fee, per session"),
    ("SESSION_TIME", "Session time, per hour (Gireve)"),
)
RESERVATIONS: Final = (
    ("", "Charging"),
    ("RESERVATION", "A reservation"),
    ("RESERVATION_EXPIRES", "A reservation that expired"),
)
TAXES: Final = (
    ("", "Not said"), ("NO", "Excluding taxes"), ("YES", "Including taxes"),
    ("N/A", "No taxes apply"),
)  # fmt: skip
# Label, kind of input, and unit; those of a group stand together.
RESTRICTION_FIELDS: Final = (
    ("Time of day (station's clock)", ("start_time", "end_time"), "time"),
    ("Date (end is the first day without)", ("start_date", "end_date"), "date"),
    ("Energy so far (kWh)", ("min_kwh", "max_kwh"), "number"),
    ("Power (kW)", ("min_power", "max_power"), "number"),
    ("Current (A)", ("min_current", "max_current"), "number"),
    ("Session so far (seconds)", ("min_duration", "max_duration"), "number"),
)
Choices = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Field:
    """One input with its label; `kind` is its type, or `select`."""

    name: str
    label: str
    value: str
    kind: str = "text"
    choices: Choices = ()
    error: str = ""
    hint: str = ""

    @property
    def input_kind(self) -> str:
        """The type of the input; a value that a picker can't show stays a text."""
        readers = {
            "time": _is_short_time, "date": _is_iso_date, "datetime-local": is_picked_instant,
        }  # fmt: skip
        reads = readers.get(self.kind)
        return "text" if reads and self.value and not reads(self.value) else self.kind


@dataclass(slots=True)
class Range:
    """From and until, under one legend."""

    legend: str
    fields: list[Field]


@dataclass(slots=True)
class ComponentRow:
    """The fields of a price component."""

    key: str
    number: int
    fields: list[Field]
    origin: int | None


@dataclass(slots=True)
class ElementRow:
    """The fields of an element, with what was found odd about it."""

    key: str
    number: int
    components: list[ComponentRow]
    ranges: list[Range]
    days: list[tuple[str, str, bool]]
    reservation: Field
    origin: int | None
    error: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def restricted(self) -> bool:
        """Whether its restrictions should be seen at once."""
        fields = [each for group in self.ranges for each in group.fields] + [self.reservation]
        return any(each.value or each.error for each in fields) or any(
            chosen for _, _, chosen in self.days
        )


def read_draft(posted: QueryDict) -> Draft:
    """The rows as they stood in the browser. Raises NotTabular, ContentNotJson."""
    keys = posted.getlist("element")
    if len(keys) > MOST_ELEMENTS:
        raise NotTabular(f"More than {MOST_ELEMENTS} elements are edited as JSON.")
    limits = [f"{name}_{side}" for name in LIMITS for side in ("excl", "incl")]
    return Draft(
        texts={name: _text(posted, f"t-{name}") for name in (*HEAD, *INSTANTS, *limits)},
        elements=[_read_element(posted, key) for key in keys if _is_key(key)],
        base=read_content(posted.get("base") or "{}"),
    )


def _read_element(posted: QueryDict, key: str) -> ElementDraft:
    place = f"e-{key}"
    keys = posted.getlist(f"{place}-component")
    if len(keys) > MOST_COMPONENTS:
        raise NotTabular(f"More than {MOST_COMPONENTS} prices of an element are edited as JSON.")
    return ElementDraft(
        key=key,
        texts={name: _text(posted, f"{place}-{name}") for name in RESTRICTIONS},
        days=posted.getlist(f"{place}-days")[:20],
        components=[
            ComponentDraft(
                part,
                {name: _text(posted, f"{place}-c-{part}-{name}") for name in COMPONENT},
                _origin(posted, f"{place}-c-{part}-origin"),
            )
            for part in keys
            if _is_key(part)
        ],
        origin=_origin(posted, f"{place}-origin"),
    )


def _text(posted: QueryDict, name: str) -> str:
    return (posted.get(name) or "").strip()


def _is_key(text: str) -> bool:
    """A number that the page gave a row."""
    return text.isdecimal() and len(text) < 6


def _origin(posted: QueryDict, name: str) -> int | None:
    text = _text(posted, name)
    return int(text) if _is_key(text) else None


def show_elements(
    draft: Draft, problems: Iterable[Problem] = (), findings: Iterable[Finding] = ()
) -> list[ElementRow]:
    """The rows with their errors and warnings."""
    told = {problem.path: problem.text for problem in problems}
    rows = [_show_element(row, index, told) for index, row in enumerate(draft.elements)]
    for finding in findings:
        if 0 < finding.element <= len(rows):
            rows[finding.element - 1].findings.append(finding)
    return rows


def _show_element(row: ElementDraft, index: int, told: Mapping[str, str]) -> ElementRow:
    place, path = f"e-{row.key}", f"elements[{index}]"

    def error_at(name: str) -> str:
        return told.get(f"{path}.restrictions.{name}", "")

    def show(name: str, label: str, kind: str, choices: Choices = ()) -> Field:
        value = row.texts.get(name, "")
        return Field(f"{place}-{name}", label, value, kind, choices, error_at(name))

    known = [day for day in row.days if day.upper() not in DAYS]
    chosen = {day.upper() for day in row.days}
    days = [(day, day.capitalize()[:3], day in chosen) for day in DAYS]
    return ElementRow(
        key=row.key,
        number=index + 1,
        components=[
            _show_component(part, row.key, (index, number), told)
            for number, part in enumerate(row.components)
        ],
        ranges=[
            Range(legend, [show(names[0], "from", kind), show(names[1], "until", kind)])
            for legend, names, kind in RESTRICTION_FIELDS
        ],
        days=[*days, *((day, day, True) for day in known)],
        reservation=show(
            "reservation", "Prices of", "select",
            with_value(RESERVATIONS, row.texts.get("reservation", "")),
        ),
        origin=row.origin,
        error=told.get(path, "") or error_at("day_of_week"),
    )  # fmt: skip


def _show_component(
    part: ComponentDraft, element: str, place: tuple[int, int], told: Mapping[str, str]
) -> ComponentRow:
    prefix = f"e-{element}-c-{part.key}"
    path = f"elements[{place[0]}].price_components[{place[1]}]"

    def show(name: str, label: str, kind: str, choices: Choices = ()) -> Field:
        value = part.texts.get(name, "")
        return Field(
            f"{prefix}-{name}", label, value, kind, choices, told.get(f"{path}.{name}", "")
        )

    fields = [
        show("type", "Price of", "select", with_value(TYPES, part.texts.get("type", ""))),
        show("price", "Price", "number"),
        show("vat", "VAT (%)", "number"),
        show("step_size", "Step, Wh/s", "number"),
    ]
    return ComponentRow(part.key, place[1] + 1, fields, part.origin)


def show_head(draft: Draft, version: str, problems: Iterable[Problem] = ()) -> list[Field]:
    """Currency, taxes, limits and validity of the whole tariff."""
    told = {problem.path: problem.text for problem in problems}
    sides = ("excl", "incl")
    words = {"excl": "excl. VAT", "incl": "incl. VAT"}
    limits = [
        Field(f"t-{name}_{side}", f"{label} {words[side]}", draft.texts.get(f"{name}_{side}", ""),
              "number", error=_limit_error(told, name, side))
        for name, label in (("min_price", "Min."), ("max_price", "Max."))
        for side in sides
    ]  # fmt: skip
    currency = Field(
        "t-currency", "Currency", draft.texts.get("currency", ""), error=told.get("currency", "")
    )
    taxes = draft.texts.get("tax_included", "")
    told_taxes = Field(
        "t-tax_included", "Prices are (2.3.0)", taxes, "select", with_value(TAXES, taxes)
    )
    validity = [
        Field(f"t-{name}", label, draft.texts.get(name, ""), "datetime-local",
              error=told.get(name, ""))
        for name, label in zip(INSTANTS, ("Valid from (UTC)", "Valid until (UTC)"), strict=True)
        # OCPI 2.1.1 has no such fields.
        if version != "2.1.1" or draft.texts.get(name)
    ]  # fmt: skip
    return [
        currency, *([told_taxes] if version == "2.3.0" or taxes else []), *limits, *validity,
    ]  # fmt: skip


def _limit_error(told: Mapping[str, str], name: str, side: str) -> str:
    names = {"excl": (name, f"{name}.excl_vat", f"{name}.before_taxes"),
             "incl": (f"{name}.incl_vat", f"{name}.after_taxes")}  # fmt: skip
    return next((told[path] for path in names[side] if path in told), "")


def with_value(choices: Choices, value: str) -> Choices:
    """The choices, and the value that a tariff already has and we don't know."""
    if value in [known for known, _ in choices]:
        return choices
    return (*choices, (value, value or "(none)"))


def write_json(content: Mapping[str, Any]) -> str:
    """The tariff as people read it: numbers as numbers wherever JSON's keep all their digits."""
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if not isinstance(value, Decimal):
        return str(value)
    short, text = float(value), text_of(value)
    return short if repr(short) == text else text


def _is_short_time(text: str) -> bool:
    try:
        return len(text) == len("07:00") and bool(time.fromisoformat(text) or True)
    except ValueError:
        return False


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
