"""What a running charge has come to, incl. VAT, for the comparison with the limit. Pure.

The highest of what is known counts: the operator's total, and the driver's own price by the
provider's retail price, because that is what will be taken.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Running:
    """A running charge; `vat_rate` in per cent, prices excl. VAT unless they say otherwise."""

    currency: str
    kwh: Decimal
    sent_incl_vat: Decimal | None
    sent_excl_vat: Decimal | None
    retail_per_kwh: Decimal | None
    retail_currency: str
    computed_excl_vat: Decimal | None
    vat_rate: Decimal


def running_total(running: Running, *, currency: str) -> Decimal | None:
    """In `currency`; None when nothing is known in it."""
    gross = 1 + running.vat_rate / 100
    known: list[Decimal] = []
    if running.currency == currency:
        if running.sent_incl_vat is not None:
            known.append(running.sent_incl_vat)
        elif running.sent_excl_vat is not None:
            known.append(running.sent_excl_vat * gross)
        elif running.computed_excl_vat is not None:
            known.append(running.computed_excl_vat * gross)
    if running.retail_per_kwh is not None and running.retail_currency == currency:
        known.append(running.retail_per_kwh * running.kwh * gross)
    return max(known, default=None)
