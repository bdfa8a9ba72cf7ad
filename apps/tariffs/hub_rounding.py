"""The Gireve hub's `price_round` (GIREVE_Tech_OCPI_V2.1.1, emsp_tariffs, section D).

It rounds what a dimension costs within one element of the tariff, after its volume is known.
"""

from decimal import Decimal

from apps.tariffs.amounts import SCALE
from apps.tariffs.priced import Line
from apps.tariffs.tariff import Component, Rounding


def round_hub_prices(lines: list[Line]) -> list[Line]:
    """The lines with those of each component rounded together; the last takes the difference."""
    rounded = list(lines)
    groups: dict[Component, list[int]] = {}
    for index, line in enumerate(lines):
        if line.component is not None:
            groups.setdefault(line.component, []).append(index)
    for component, indexes in groups.items():
        if component.price_round is None:
            continue
        own = [lines[index] for index in indexes]
        net = _round_last([line.net for line in own], component.price_round)
        gross = _round_last([line.gross for line in own], component.price_round)
        rounded[indexes[-1]] = own[-1]._replace(net=net, gross=gross)
    return rounded


def _round_last(scaled: list[Decimal | None], rounding: Rounding) -> Decimal | None:
    """What the last amount has to be for the sum to be a rounded one."""
    known = [amount for amount in scaled if amount is not None]
    if len(known) < len(scaled):
        return scaled[-1]
    total = sum(known, Decimal(0))
    steps = (total / SCALE / rounding.unit).quantize(Decimal(1), rounding=rounding.rule)
    return known[-1] + steps * rounding.unit * SCALE - total
