"""What a running charge has come to, incl. VAT, for the limit and for display. Pure.

Two amounts are compared, and the higher one counts: what the operator says so far, and what the
driver will be asked for it, because that is what will be taken. The driver's price is found as
billing finds it: by the provider's own tariff, else by its price per kWh, else by the operator's
cost; of an operator that sends none, by the operator's tariff.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


class Money(NamedTuple):
    """An amount excluding VAT."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """What the tariff book says of a charge so far: the provider's tariff, the operator's."""

    retail: Money | None = None
    purchase: Money | None = None


NO_TARIFFS = OwnPrices()


@dataclass(frozen=True, slots=True)
class Running:
    """A running charge; `vat_rate` in per cent, prices excl. VAT unless they say otherwise."""

    currency: str
    kwh: Decimal
    sent_incl_vat: Decimal | None
    sent_excl_vat: Decimal | None
    retail_per_kwh: Decimal | None
    retail_currency: str
    own: OwnPrices
    vat_rate: Decimal


def running_total(running: Running, *, currency: str) -> Decimal | None:
    """In `currency`; None when nothing is known in it."""
    known = []
    if running.sent_incl_vat is not None and running.currency == currency:
        known.append(running.sent_incl_vat)
    gross = 1 + running.vat_rate / 100
    excl_vat = [_sent(running), _drivers(running)]
    known += [each.amount * gross for each in excl_vat if each and each.currency == currency]
    return max(known, default=None)


def _sent(running: Running) -> Money | None:
    """The operator's amount when it comes without VAT, ours by its tariff when none comes."""
    if running.sent_incl_vat is not None:
        return None
    if running.sent_excl_vat is not None:
        return Money(running.sent_excl_vat, running.currency)
    return running.own.purchase


def _drivers(running: Running) -> Money | None:
    if running.own.retail is not None or running.retail_per_kwh is None:
        return running.own.retail
    return Money(running.retail_per_kwh * running.kwh, running.retail_currency)
