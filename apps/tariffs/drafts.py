"""A tariff as the rows of a form: what the form shows as texts, and all else kept as it came. Pure.

The texts aren't judged here. What they become is an OCPI tariff, which the engine reads or
refuses, so that the form and the JSON obey the same rules.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from apps.core.errors import InvalidInput
from apps.tariffs.restrictions import RESTRICTION_NAMES

HEAD: Final = ("currency", "tax_included")
# When the tariff may be used (2.2.1 and 2.3.0, Tariff object).
INSTANTS: Final = ("start_date_time", "end_date_time")
COMPONENT: Final = ("type", "price", "vat", "step_size")
# The days are a list and stand apart.
RESTRICTIONS: Final = tuple(name for name in RESTRICTION_NAMES if name != "days")
_QUANTITIES: Final = tuple(name for name in RESTRICTIONS if name[:4] in ("min_", "max_"))
NUMBERS: Final = frozenset(("price", "vat", "step_size", *_QUANTITIES))
LIMITS: Final = ("min_price", "max_price")
# The names of a limit's two sides, by OCPI version; 2.1.1 has no limits.
SIDES: Final = {"2.3.0": ("before_taxes", "after_taxes")}
DEFAULT_SIDES: Final = ("excl_vat", "incl_vat")
# A larger tariff is edited as JSON.
MOST_ELEMENTS: Final = 50
MOST_COMPONENTS: Final = 8
# 1e999999999 is short to type and takes a gigabyte to write out: such a number stays as it is.
MOST_DIGITS: Final = 30


class NotTabular(InvalidInput):
    """The tariff has a form or size that rows can't show; its JSON can."""

    code = "TARIFF_NOT_TABULAR"


@dataclass(slots=True)
class ComponentDraft:
    """A price component; `origin` is its place in its element of the base, None when new."""

    key: str
    texts: dict[str, str]
    origin: int | None = None


@dataclass(slots=True)
class ElementDraft:
    """An element; `texts` are its restrictions."""

    key: str
    texts: dict[str, str]
    days: list[str]
    components: list[ComponentDraft]
    origin: int | None = None


@dataclass(slots=True)
class Draft:
    """A tariff while it is edited; `base` is the tariff it began as, with all that has no field."""

    texts: dict[str, str]
    elements: list[ElementDraft]
    base: dict[str, Any] = field(default_factory=dict)


def draft_of(content: Mapping[str, Any]) -> Draft:
    """The tariff in rows. Raises NotTabular."""
    elements = _list(content.get("elements"), "elements", MOST_ELEMENTS)
    texts = {name: text_of(content.get(name)) for name in HEAD}
    texts |= {name: _instant_text(content.get(name)) for name in INSTANTS}
    for name in LIMITS:
        texts[f"{name}_excl"], texts[f"{name}_incl"] = _limit_texts(content.get(name))
    rows = [_element(raw, index) for index, raw in enumerate(elements)]
    return Draft(texts, rows, dict(content))


def _element(raw: object, index: int) -> ElementDraft:
    element = _mapping(raw, f"elements[{index}]")
    restrictions = _mapping(element.get("restrictions") or {}, "restrictions")
    parts = _list(element.get("price_components"), "price_components", MOST_COMPONENTS)
    return ElementDraft(
        key=str(index),
        texts={name: text_of(restrictions.get(name)) for name in RESTRICTIONS},
        days=[text_of(day) for day in _list(restrictions.get("day_of_week"), "day_of_week", 20)],
        components=[
            ComponentDraft(str(place), {n: text_of(part.get(n)) for n in COMPONENT}, place)
            for place, part in enumerate(_mapping(each, "price_components") for each in parts)
        ],
        origin=index,
    )


def content_of(draft: Draft, *, version: str) -> dict[str, Any]:
    """The tariff that the rows say, in OCPI's form; what has no field comes from the base, and
    what wasn't touched keeps its spelling."""
    content = copy.deepcopy(draft.base)
    for name in HEAD:
        _put(content, name, draft.texts.get(name, ""))
    for name in INSTANTS:
        _put_instant(content, name, draft.texts.get(name, ""))
    for name in LIMITS:
        sides = [draft.texts.get(f"{name}_{side}", "") for side in ("excl", "incl")]
        _put_limit(content, name, sides, version)
    bases = content.get("elements") or []
    content["elements"] = [_element_content(row, _at(bases, row.origin)) for row in draft.elements]
    return content


def _element_content(row: ElementDraft, element: dict[str, Any]) -> dict[str, Any]:
    bases = element.get("price_components") or []
    parts = [(part, _at(bases, part.origin)) for part in row.components]
    for part, content in parts:
        for name in COMPONENT:
            _put(content, name, part.texts.get(name, ""))
    element["price_components"] = [content for _, content in parts]
    restrictions = dict(element.get("restrictions") or {})
    for name in RESTRICTIONS:
        _put(restrictions, name, row.texts.get(name, ""))
    _put_days(restrictions, row.days)
    if restrictions:
        element["restrictions"] = restrictions
    elif element.get("restrictions"):
        del element["restrictions"]
    return element


def _put_days(restrictions: dict[str, Any], days: list[str]) -> None:
    """The same days keep their order and spelling."""
    before = {text_of(day).upper() for day in restrictions.get("day_of_week") or ()}
    if {day.upper() for day in days} == before:
        return
    if days:
        restrictions["day_of_week"] = days
    else:
        del restrictions["day_of_week"]


def kept_names(draft: Draft) -> list[str]:
    """The fields of the tariff that have no place in the form, also those of its elements."""
    shown = {*HEAD, *INSTANTS, *LIMITS, "id", "elements", "last_updated"}
    names = [name for name in draft.base if name not in shown]
    for row in draft.elements:
        element = _at(draft.base.get("elements") or [], row.origin)
        where = f"elements[{row.origin}]."
        names += [where + name for name in element if name not in _ELEMENT_SHOWN]
        names += [
            f"{where}restrictions.{name}"
            for name in element.get("restrictions") or ()
            if name not in _RESTRICTIONS_SHOWN
        ]
        for part in row.components:
            base = _at(element.get("price_components") or [], part.origin)
            place = f"{where}price_components[{part.origin}]."
            names += [place + name for name in base if name not in COMPONENT]
    return names


_ELEMENT_SHOWN: Final = frozenset(("price_components", "restrictions"))
_RESTRICTIONS_SHOWN: Final = frozenset((*RESTRICTIONS, "day_of_week"))


def change_rows(draft: Draft, command: str) -> bool:
    """Adds, copies, removes or moves a row: `add-element`, `copy-element:<key>`,
    `remove-element:<key>`, `up:<key>`, `down:<key>`, `add-component:<key>`,
    `remove-component:<key>:<key>`. Whether it was such a command.

    Raises NotTabular when there would be too many rows.
    """
    word, *keys = command.split(":")
    if word == "add-element":
        draft.elements.append(_new_element(draft))
    elif word in _CHANGES and keys and (found := _find(draft.elements, keys[0])) is not None:
        _CHANGES[word](draft, found, keys[-1])
    else:
        return word in _CHANGES
    if len(draft.elements) > MOST_ELEMENTS:
        draft.elements.pop()
        raise NotTabular(f"More than {MOST_ELEMENTS} elements are edited as JSON.")
    return True


def _copy(draft: Draft, index: int, _key: str) -> None:
    copied = copy.deepcopy(draft.elements[index])
    copied.key = _free_key(draft.elements)
    draft.elements.insert(index + 1, copied)


def _remove(draft: Draft, index: int, _key: str) -> None:
    del draft.elements[index]


def _up(draft: Draft, index: int, _key: str) -> None:
    draft.elements.insert(max(index - 1, 0), draft.elements.pop(index))


def _down(draft: Draft, index: int, _key: str) -> None:
    draft.elements.insert(index + 1, draft.elements.pop(index))


def _add_component(draft: Draft, index: int, _key: str) -> None:
    parts = draft.elements[index].components
    if len(parts) >= MOST_COMPONENTS:
        raise NotTabular(f"More than {MOST_COMPONENTS} prices of an element are edited as JSON.")
    had = {part.texts.get("type") for part in parts}
    free = (name for name in ("ENERGY", "FLAT", "PARKING_TIME", "TIME") if name not in had)
    parts.append(_new_component(_free_key(parts), next(free, "ENERGY")))


def _remove_component(draft: Draft, index: int, key: str) -> None:
    parts = draft.elements[index].components
    if (place := _find(parts, key)) is not None:
        del parts[place]


_CHANGES: Final = {
    "copy-element": _copy,
    "remove-element": _remove,
    "up": _up,
    "down": _down,
    "add-component": _add_component,
    "remove-component": _remove_component,
}


def _new_element(draft: Draft) -> ElementDraft:
    return ElementDraft(_free_key(draft.elements), {}, [], [_new_component("0", "ENERGY")])


def _new_component(key: str, kind: str) -> ComponentDraft:
    return ComponentDraft(key, {"type": kind, "step_size": "1"})


def _free_key(rows: list[Any]) -> str:
    return str(1 + max((int(row.key) for row in rows), default=-1))


def _find(rows: list[Any], key: str) -> int | None:
    return next((index for index, row in enumerate(rows) if row.key == key), None)


def text_of(value: object) -> str:
    """A single value as the form shows it. Raises NotTabular."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise NotTabular("A field holds a list or an object where a single value stands.")
    return f"{value:f}" if isinstance(value, Decimal) and _is_short(value) else str(value)


_PICKED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


def is_picked_instant(text: str) -> bool:
    """Whether a browser's picker writes and shows it: 2026-07-01T00:00, without a time zone."""
    return _PICKED.fullmatch(text) is not None


def _instant_text(value: object) -> str:
    """A moment in UTC as the picker shows it; any other spelling as it is."""
    text = text_of(value)
    short = text.removesuffix("Z").removesuffix(":00")
    return short if is_picked_instant(short) else text


def _put_instant(target: dict[str, Any], name: str, text: str) -> None:
    if text == _instant_text(target.get(name)):
        return
    if is_picked_instant(text):
        text = f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"
    _put(target, name, text)


def _limit_texts(value: object) -> tuple[str, str]:
    if not isinstance(value, Mapping):
        return text_of(value), ""
    sides = (("excl_vat", "before_taxes"), ("incl_vat", "after_taxes"))
    excl, incl = (
        next((text_of(value[name]) for name in names if value.get(name) is not None), "")
        for names in sides
    )
    return excl, incl


def _put(target: dict[str, Any], name: str, text: str) -> None:
    if text == text_of(target.get(name)):
        return
    if not text:
        target.pop(name, None)
    else:
        target[name] = _number(text) if name in NUMBERS else text


def _put_limit(content: dict[str, Any], name: str, texts: list[str], version: str) -> None:
    if tuple(texts) == _limit_texts(content.get(name)):
        return
    names = SIDES.get(version, DEFAULT_SIDES)
    limit = {side: _number(text) for side, text in zip(names, texts, strict=True) if text}
    if limit:
        content[name] = limit
    else:
        content.pop(name, None)


def _number(text: str) -> Any:
    """A number, or the text as it was typed for the engine to refuse."""
    try:
        number = Decimal(text)
        if not _is_short(number):
            return text
        return int(number) if number == number.to_integral_value() else number
    except (InvalidOperation, ValueError, OverflowError):
        return text


def _is_short(number: Decimal) -> bool:
    """Whether it is a number at all, and one that few digits write."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent > -MOST_DIGITS and number.adjusted() < MOST_DIGITS


def _at(bases: list[Any], origin: int | None) -> dict[str, Any]:
    """A copy of the base's row, an empty one for a new row."""
    if origin is None or not 0 <= origin < len(bases) or not isinstance(bases[origin], Mapping):
        return {}
    return dict(copy.deepcopy(bases[origin]))


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise NotTabular(f"{name} holds no object.")


def _list(value: object, name: str, most: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotTabular(f"{name} is no list.")
    if len(value) > most:
        raise NotTabular(f"{name} has {len(value)} entries; more than {most} are edited as JSON.")
    return value
