"""What staff see of a tariff: warnings, what sessions would cost, and the week in a picture."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.core import money, staff_display
from apps.core.errors import DomainError, InvalidInput
from apps.tariffs.linter import Finding, lint
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.picture import draw_week
from apps.tariffs.preview import EXAMPLES, price_imagined
from apps.tariffs.priced import PricedCdr
from apps.tariffs.samples import Sample
from apps.tariffs.tariff import PreparedTariff

# Pricing the week takes some hundred sessions, each of which looks through all elements.
MOST_PREVIEWED: Final = 1_000
PARTS: Final = {
    "total_fixed_cost": "fixed",
    "total_energy_cost": "energy",
    "total_time_cost": "time",
    "total_parking_cost": "parking",
    "total_reservation_cost": "reservation",
}


class ContentNotJson(InvalidInput):
    """What was typed is no JSON object."""

    code = "TARIFF_NOT_JSON"


@dataclass(frozen=True, slots=True)
class Example:
    """A session in words and its price."""

    words: str
    excl_vat: str
    incl_vat: str
    parts: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A tariff as people look at it, or the problem that makes it unreadable."""

    problem: str = ""
    findings: list[Finding] = field(default_factory=list)
    sample: Example | None = None
    examples: list[Example] = field(default_factory=list)
    picture: str = ""
    validity: str = ""

    def as_html(self) -> SafeString:
        """A fragment for the staff pages."""
        context = {
            "preview": self,
            "picture": mark_safe(self.picture),  # noqa: S308 - draw_week() escapes what it is given
        }
        return render_to_string("tariffs/preview.html", context)


def read_content(text: str) -> dict[str, Any]:
    """The JSON object that was typed, numbers exactly. Raises ContentNotJson."""
    try:
        content = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ContentNotJson(f"This is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise ContentNotJson("A tariff is a JSON object: { ... }.")
    if "\x00" in text or "\\u0000" in text:
        raise ContentNotJson("It holds a null character, which no text has.")
    return content


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON.")


def preview_of(content: dict[str, Any], ocpi_version: str, sample: Sample | None = None) -> Preview:
    """The preview of a tariff; what the engine refuses becomes its problem."""
    try:
        tariff = prepare_tariff(content, version=ocpi_version)
        if tariff.elements > MOST_PREVIEWED:
            text = f"A tariff of {tariff.elements} elements is too large for a preview."
            return Preview(problem=text)
        return _preview(tariff, sample)
    except DomainError as error:
        return Preview(problem=error.message)


def _preview(tariff: PreparedTariff, sample: Sample | None) -> Preview:
    return Preview(
        findings=lint(tariff),
        sample=_example(price_imagined(tariff, sample.imagined)) if sample else None,
        examples=[_example(price_imagined(tariff, example)) for example in EXAMPLES],
        picture=draw_week(tariff, kw=sample.kw) if sample else draw_week(tariff),
        validity=_validity(tariff),
    )


def _validity(tariff: PreparedTariff) -> str:
    """When the tariff may be used, in words; empty when always."""
    said = (("from", tariff.valid_from), ("until", tariff.valid_until))
    told = [f"{word} {moment:%-d %B %Y, %H:%M} UTC" for word, moment in said if moment]
    return " ".join(told)


def _example(priced: PricedCdr) -> Example:
    if any(note.code == "TARIFF_NOT_VALID" for note in priced.notes):
        return Example(
            priced.id, staff_display.EMPTY, staff_display.EMPTY, "not valid at this time"
        )
    excl, incl = (money.display(side, priced.currency) for side in priced.total)
    parts = [
        f"{word} {money.display(cost.excl_vat, priced.currency)}"
        for name, word in PARTS.items()
        if (cost := priced.parts[name]) and cost.excl_vat
    ]
    return Example(priced.id, excl, incl, ", ".join(parts))
