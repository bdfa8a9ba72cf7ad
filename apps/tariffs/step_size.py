"""Rounding volumes up to steps, once per session (OCPI mod_cdrs, step_size).

ENERGY has one step, that of its last priced component. TIME and PARKING_TIME have one together:
that of the last priced time-based component, applied to the total of its dimension; charging time
is not rounded when parking follows it. The surplus is priced at that last component. A free
component is none. A reservation rounds its own time. A session that switches to another tariff
isn't rounded.

OCPI 2.1.1 only says that time is billed in blocks (mod_tariffs, PriceComponent), and the first
edition of 2.2.1 rounds the whole duration of a session that ends parked ("a total duration of 12
minutes is rounded to 15", mod_tariffs, example of switching elements). The later editions are taken
for all; `EACH` and `TOGETHER` tell what an operator billed who reads the earlier ones.
"""

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from apps.tariffs.notes import Note
from apps.tariffs.priced import Line
from apps.tariffs.session import (
    ENERGY,
    FLAT,
    PARKING_TIME,
    RESERVATION_TIME,
    SESSION_TIME,
    TIME,
)
from apps.tariffs.tariff import Component, PreparedTariff

WH_PER_KWH = 1000
ONE_SECOND = Decimal(1)
TIME_BASED = frozenset((TIME, PARKING_TIME, SESSION_TIME))
METERED = TIME_BASED | {ENERGY}

# How the steps of TIME and PARKING_TIME are taken.
LAST = "LAST"  # on the total of the dimension that comes last
EACH = "EACH"  # on the total of each dimension
TOGETHER = "TOGETHER"  # on the whole duration, the surplus at the last component
UNSTEPPED = "UNSTEPPED"


def apply_step_sizes(
    lines: list[Line],
    tariffs: list[PreparedTariff],
    notes: list[Note],
    *,
    energy: bool = True,
    time: str = LAST,
) -> None:
    """Changes the billed volumes of the lines; `energy` switches its rounding off, `time` is one of
    LAST, EACH, TOGETHER and UNSTEPPED."""
    totals: dict[str, Decimal] = {}
    last: dict[str, int] = {}
    last_time_based = ""
    for index, line in enumerate(lines):
        component = line.component
        if component is None or not component.price:
            continue
        dimension = line.dimension
        volume = line.volume
        totals[dimension] = totals[dimension] + volume if dimension in totals else volume
        last[dimension] = index
        if dimension in TIME_BASED:
            last_time_based = dimension
    if len(tariffs) > 1 and _switches_tariff(lines, notes):
        energy, time = False, UNSTEPPED
    for dimension, total in totals.items():
        if dimension == FLAT:
            continue
        line = lines[last[dimension]]
        if dimension == ENERGY:
            billed = _round_energy(line, total, notes) if energy else total
        else:
            is_last = dimension in (last_time_based, RESERVATION_TIME)
            if time == LAST:
                billed = _round_time(line, total, notes, stepped=is_last)
            else:
                billed = _bill_time(line, totals, notes, time=time, is_last=is_last)
        if billed != total:
            lines[last[dimension]] = line.billed_as(line.volume + billed - total)


def _switches_tariff(lines: list[Line], notes: list[Note]) -> bool:
    """Whether the session was priced by more than one tariff, a reservation aside."""
    tariffs = {line.tariff_id for line in lines if line.component and line.dimension in METERED}
    if len(tariffs) < 2:
        return False
    text = "The session switches between tariffs: step sizes are not applied (mod_cdrs, step_size)."
    notes.append(Note("STEP_SIZE_SWITCHED_TARIFF", text))
    return True


def _round_energy(line: Line, total: Decimal, notes: list[Note]) -> Decimal:
    """The kWh to bill for the total of the session."""
    component = line.component
    watt_hours = total * WH_PER_KWH
    if component is None or component.step_size < 1 or total <= 0:
        return total
    if not watt_hours % component.step_size:
        return total
    billed = _to_steps(watt_hours, component) / WH_PER_KWH
    text = (
        f"Energy: {total:f} kWh are billed as {billed:f} kWh, in steps of {component.step_size} Wh."
    )
    notes.append(Note("STEP_SIZE_ENERGY", text))
    return billed


def _bill_time(
    line: Line, totals: dict[str, Decimal], notes: list[Note], *, time: str, is_last: bool
) -> Decimal:
    """The seconds to bill for the total of the line's dimension, by another way than LAST."""
    total = totals[line.dimension]
    if time == TOGETHER and is_last and line.dimension in TIME_BASED:
        before = sum((totals[each] for each in TIME_BASED & totals.keys()), -total)
        return _round_time(line, before + total, notes, stepped=True) - before
    stepped = time == EACH or (time == TOGETHER and is_last)
    return _round_time(line, total, notes, stepped=stepped)


def _round_time(line: Line, total: Decimal, notes: list[Note], *, stepped: bool) -> Decimal:
    """The seconds to bill for the total: to the nearest second first, for volumes arrive as hours
    with four decimals."""
    component = line.component
    seconds = total.quantize(ONE_SECOND, rounding=ROUND_HALF_UP)
    if not stepped or component is None or component.step_size < 2 or seconds <= 0:
        return seconds
    billed = _to_steps(seconds, component)
    if billed != seconds:
        text = (
            f"{line.dimension}: {seconds:f} s are billed as {billed:f} s, in steps of "
            f"{component.step_size} s."
        )
        notes.append(Note(f"STEP_SIZE_{line.dimension}", text))
    return billed


def _to_steps(quantity: Decimal, component: Component) -> Decimal:
    """Wh or seconds in whole steps: upwards, or as the hub's step_round says."""
    rounding = component.step_round
    rule = rounding.rule if rounding is not None else ROUND_UP
    steps = (quantity / component.step_size).quantize(ONE_SECOND, rounding=rule)
    return steps * component.step_size
