"""All that keeps the engine from reading a tariff, where the engine names the first. Pure."""

import copy
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from apps.core.errors import DomainError
from apps.tariffs.ocpi.fields import UnreadableField
from apps.tariffs.ocpi.prices import read_limit
from apps.tariffs.ocpi.tariffs import prepare_tariff

MOST_PROBLEMS: Final = 50
# Reading a large tariff once for each of its problems would take too long.
MOST_ELEMENTS: Final = 200
_PLACE: Final = re.compile(r"elements\[(\d+)\](?:\.price_components\[(\d+)\])?\.?(.*)")


class Problem(NamedTuple):
    """Where (`elements[0].price_components[1].price`; empty: the whole tariff) and what."""

    path: str
    text: str


def problems_of(content: Mapping[str, Any], *, version: str) -> list[Problem]:
    """What must be put right before the tariff can be kept; at most 50, one per price component,
    and of a tariff of more than 200 elements the first."""
    found = _of_limits(content)
    rest = copy.deepcopy(dict(content))
    for problem in found:
        rest.pop(problem.path.partition(".")[0], None)
    elements = rest.get("elements")
    rounds = MOST_PROBLEMS if isinstance(elements, list) and len(elements) <= MOST_ELEMENTS else 1
    for _ in range(rounds):
        first = _first(rest, version)
        if first is None or first in found:
            break
        found.append(first)
        _take_out(rest, first.path)
    return found


def _of_limits(content: Mapping[str, Any]) -> list[Problem]:
    """Apart, because taking one limit out for the next round would take out both its sides."""
    found = []
    for name in ("min_price", "max_price"):
        try:
            read_limit(content.get(name), name)
        except UnreadableField as error:
            found.append(Problem(error.path, error.problem))
    return found


def _first(content: Mapping[str, Any], version: str) -> Problem | None:
    try:
        prepare_tariff(content, version=version)
    except UnreadableField as error:
        return Problem(error.path.removeprefix("tariff."), error.problem)
    except DomainError as error:
        return Problem("", error.message)
    return None


def _take_out(content: dict[str, Any], path: str) -> None:
    """Removes what can't be read, so that the next problem shows; rows stay in their places."""
    place = _PLACE.fullmatch(path)
    if place is None:
        content.pop(path.partition(".")[0], None)
        return
    element, component, name = place.groups()
    row = content["elements"][int(element)]
    if component is not None:
        row["price_components"][int(component)] = {}
    elif isinstance(row, dict) and name in ("price_components", "restrictions"):
        row.pop(name)
    elif isinstance(row, dict) and isinstance(row.get("restrictions"), dict) and name:
        row["restrictions"].pop(name.removeprefix("restrictions."), None)
    else:
        content["elements"][int(element)] = {}
