"""What staff see of a tariff: warnings, what sessions would cost, and the week in a picture."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.core import money
from apps.core.errors import DomainError, InvalidInput
from apps.tariffs.linter import Finding, lint
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.picture import draw_week
from apps.tariffs.preview import EXAMPLES, price_imagined
from apps.tariffs.priced import PricedCdr


class ContentNotJson(InvalidInput):
    """What was typed is no JSON object."""

    code = "TARIFF_NOT_JSON"


@dataclass(frozen=True, slots=True)
class Preview:
    """A tariff as people look at it, or the problem that makes it unreadable."""

    problem: str = ""
    findings: list[Finding] = field(default_factory=list)
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    picture: str = ""

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
        content = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ContentNotJson(f"This is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise ContentNotJson("A tariff is a JSON object: { ... }.")
    return content


def preview_of(content: dict[str, Any], ocpi_version: str) -> Preview:
    """The preview of a tariff; what the engine refuses becomes its problem."""
    try:
        tariff = prepare_tariff(content, version=ocpi_version)
        priced = [price_imagined(tariff, example) for example in EXAMPLES]
        picture = draw_week(tariff)
    except DomainError as error:
        return Preview(problem=error.message)
    return Preview(
        findings=lint(tariff), examples=[_example(each) for each in priced], picture=picture
    )


def _example(priced: PricedCdr) -> tuple[str, str, str]:
    excl, incl = priced.total
    return priced.id, money.display(excl, priced.currency), money.display(incl, priced.currency)
