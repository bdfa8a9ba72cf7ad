"""Rounding volumes up to steps, once per session (OCPI mod_cdrs, step_size).

ENERGY has one step, that of its last priced component. TIME and PARKING_TIME have one together:
that of the last priced time-based component, applied to the total of its dimension; charging time
is not rounded when parking follows it. The surplus is priced at that last component. A free
component is none. A reservation rounds its own time. A session that switches to another tariff
isn't rounded.
"""

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from apps.tariffs.metering import Charge
from apps.tariffs.notes import Note
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


def apply_step_sizes(
    charges: list[Charge],
    tariffs: list[PreparedTariff],
    notes: list[Note],
    *,
    energy: bool = True,
    time: bool = True,
) -> None:
    """Sets the billed volumes of the charges; `energy` and `time` switch a rounding off."""
    groups: dict[str, list[Charge]] = {}
    steps: dict[str, Component] = {}
    last_time_based = ""
    for charge in charges:
        component = charge.component
        if component is None or not component.price:
            continue
        dimension = charge.dimension
        groups.setdefault(dimension, []).append(charge)
        steps[dimension] = component
        if dimension in TIME_BASED:
            last_time_based = dimension
    if len(tariffs) > 1 and _switches_tariff(groups, notes):
        energy = time = False
    for dimension, group in groups.items():
        if dimension == ENERGY:
            if energy:
                _round_energy(group, steps[dimension], notes)
        elif dimension != FLAT:
            stepped = time and dimension in (last_time_based, RESERVATION_TIME)
            _round_time(group, steps[dimension], notes, stepped=stepped)


def _switches_tariff(groups: dict[str, list[Charge]], notes: list[Note]) -> bool:
    """Whether the session was priced by more than one tariff, a reservation aside."""
    tariffs = {
        charge.tariff_id
        for dimension, group in groups.items()
        if dimension != RESERVATION_TIME
        for charge in group
    }
    if len(tariffs) < 2:
        return False
    text = "The session switches between tariffs: step sizes are not applied (mod_cdrs, step_size)."
    notes.append(Note("STEP_SIZE_SWITCHED_TARIFF", text))
    return True


def _round_energy(group: list[Charge], component: Component, notes: list[Note]) -> None:
    last = group[-1]
    total = _total(group)
    if component.step_size < 1 or total <= 0:
        return
    billed = _to_steps(total * WH_PER_KWH, component) / WH_PER_KWH
    if billed != total:
        last.billed += billed - total
        text = (
            f"Energy: {total:f} kWh are billed as {billed:f} kWh, in steps of "
            f"{component.step_size} Wh."
        )
        notes.append(Note("STEP_SIZE_ENERGY", text))


def _round_time(
    group: list[Charge], component: Component, notes: list[Note], *, stepped: bool
) -> None:
    """To the nearest second first: volumes arrive as hours with four decimals."""
    last = group[-1]
    total = _total(group)
    billed = seconds = total.quantize(ONE_SECOND, rounding=ROUND_HALF_UP)
    if stepped and component.step_size > 1 and seconds > 0:
        billed = _to_steps(seconds, component)
    if billed == total:
        return
    last.billed += billed - total
    if billed != seconds:
        text = (
            f"{last.dimension}: {seconds:f} s are billed as {billed:f} s, in steps of "
            f"{component.step_size} s."
        )
        notes.append(Note(f"STEP_SIZE_{last.dimension}", text))


def _total(group: list[Charge]) -> Decimal:
    total = group[0].volume
    for charge in group[1:]:
        total += charge.volume
    return total


def _to_steps(quantity: Decimal, component: Component) -> Decimal:
    """Wh or seconds in whole steps: upwards, or as the hub's step_round says."""
    rounding = component.step_round
    rule = rounding.rule if rounding is not None else ROUND_UP
    steps = (quantity / component.step_size).quantize(ONE_SECOND, rounding=rule)
    return steps * component.step_size
