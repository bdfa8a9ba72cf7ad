"""The Gireve hub's `price_round` (GIREVE_Tech_OCPI_V2.1.1, emsp_tariffs, section D).

It rounds what a dimension costs within one element of the tariff, after its volume is known.
"""

from decimal import Decimal

from apps.tariffs.metering import Charge
from apps.tariffs.restrictions import SECONDS_PER_HOUR
from apps.tariffs.tariff import Component, Rounding


def round_hub_prices(charges: list[Charge]) -> None:
    """Rounds the charges of each component together; the last of them takes the difference."""
    groups: dict[Component, list[Charge]] = {}
    for charge in charges:
        if charge.component is not None:
            groups.setdefault(charge.component, []).append(charge)
    for component, group in groups.items():
        rounding = component.price_round
        if rounding is None:
            continue
        last = group[-1]
        last.net = _add(last.net, _missing([charge.net for charge in group], rounding))
        last.gross = _add(last.gross, _missing([charge.gross for charge in group], rounding))


def _missing(scaled: list[Decimal | None], rounding: Rounding) -> Decimal:
    """What the sum lacks to its rounded value, in 3600ths of the currency."""
    total = sum((amount for amount in scaled if amount is not None), Decimal(0))
    amount = total / SECONDS_PER_HOUR
    steps = (amount / rounding.unit).quantize(Decimal(1), rounding=rounding.rule)
    return steps * rounding.unit * SECONDS_PER_HOUR - total


def _add(amount: Decimal | None, difference: Decimal) -> Decimal | None:
    return None if amount is None else amount + difference
