"""What the Gireve hub adds to OCPI 2.1.1 tariffs (GIREVE_Tech_OCPI_V2.1.1, emsp_tariffs).

`price_round` and `step_round` of a price component, and restrictions of a whole tariff on the
start of the session, with up to two time slots.
"""

from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from apps.tariffs.notes import Note
from apps.tariffs.ocpi.fields import read_mapping, read_text, shorten
from apps.tariffs.ocpi.restrictions import read_restrictions
from apps.tariffs.restrictions import Check, Restrictions, compile_checks
from apps.tariffs.tariff import Rounding

# The guide writes HUNDRETH; HUNDREDTH is meant and sent as well.
GRANULARITIES = {
    "UNIT": Decimal(1),
    "TENTH": Decimal("0.1"),
    "HUNDREDTH": Decimal("0.01"),
    "HUNDRETH": Decimal("0.01"),
    "THOUSANDTH": Decimal("0.001"),
}
RULES = {"ROUND_UP": ROUND_UP, "ROUND_DOWN": ROUND_DOWN, "ROUND_NEAR": ROUND_HALF_UP}


def read_rounding(raw: Mapping[str, Any], name: str, notes: list[Note]) -> Rounding | None:
    """A price_round or step_round; one with unknown words is ignored and noted."""
    if raw.get(name) is None:
        return None
    value = read_mapping(raw[name], name)
    unit = GRANULARITIES.get(read_text(value.get("round_granularity", "UNIT")).upper())
    rule = RULES.get(read_text(value.get("round_rule")).upper())
    if unit is None or rule is None:
        text = f"{name} {shorten(dict(value), 80)} is not known and was ignored."
        notes.append(Note("ROUNDING_UNKNOWN", text))
        return None
    return Rounding(unit, rule)


def read_start_restrictions(
    raw: Mapping[str, Any],
) -> tuple[Restrictions | None, tuple[tuple[Check, ...], ...]]:
    """The restrictions of the whole tariff on the start of the session: the first slot as a
    value, and the checks of each slot, one of which must hold."""
    value = raw.get("restriction", raw.get("restrictions"))
    if not isinstance(value, Mapping):
        return None, ()
    names = ("start_time_2", "end_time_2")
    first = {name: part for name, part in value.items() if name not in names}
    slots = [first]
    if value.get("start_time_2") is not None:
        start, end = (value.get(name) for name in names)
        slots.append({**first, "start_time": start, "end_time": end})
    restrictions = [read_restrictions(slot) for slot in slots]
    return restrictions[0], tuple(compile_checks(each) for each in restrictions)
