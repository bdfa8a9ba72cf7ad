"""How much of what is due can be taken. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from apps.core.money import quantize


@dataclass(frozen=True, slots=True)
class Split:
    """What is taken and what stays owed; together they are what is due."""

    capture: Decimal
    owed: Decimal


def split_due(*, due: Decimal, blocked: Decimal, currency: str) -> Split:
    """At most the blocked amount is taken. A negative total (we owe the driver) takes nothing."""
    total = max(quantize(due, currency), Decimal(0))
    capture = min(total, blocked)
    return Split(capture=capture, owed=total - capture)
