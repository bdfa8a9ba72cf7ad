"""Our prices beside the cost as sent."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.services import record
from apps.cdrs.models import CDR
from apps.cdrs.services.locking import lock_cdr, show
from apps.cdrs.services.reviewing import ReasonMissing
from apps.cdrs.services.telling import cdr_event, plain
from apps.core.errors import InvalidInput
from apps.events.services import emit_many


class PriceKind(StrEnum):
    """Which of our prices: what we pay after review, our own computation, what the driver pays."""

    REVIEWED = "reviewed_cost_excl_vat"
    COMPUTED = "computed_cost_excl_vat"
    RETAIL = "retail_cost_excl_vat"


class PriceRefused(InvalidInput):
    """The amount can't be a price of this CDR."""

    code = "PRICE_REFUSED"


def update_cdr_price(
    *,
    cdr: CDR,
    cost_excl_vat: Decimal,
    reason: str,
    now: datetime,
    kind: PriceKind = PriceKind.REVIEWED,
    actor: Actor | None = None,
) -> CDR:
    """Set one of our prices, in the CDR's currency, excluding VAT; the cost as sent stays.

    Raises PriceRefused, ReasonMissing, CdrPriceFrozen (billed), CdrDeleted.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the price changes.")
    with transaction.atomic():
        locked = lock_cdr(cdr)
        _check_sign(locked, cost_excl_vat)
        before = getattr(locked, kind.value)
        if before != cost_excl_vat:
            setattr(locked, kind.value, cost_excl_vat)
            record("changed price of CDR", locked, reason=reason, actor=actor)
            event = cdr_event(
                "cdr.cost.changed", locked, price=kind.value, before=plain(before),
                after=plain(cost_excl_vat), reason=reason,
            )  # fmt: skip
            emit_many(events=[event], now=now)
        show(cdr, locked, kind.value)
    return locked


def _check_sign(cdr: CDR, amount: Decimal) -> None:
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 10:
        raise PriceRefused(f"{amount} is no price.")
    if cdr.is_credit and amount > 0:
        raise PriceRefused(f"CDR {cdr} is a credit: its price can't be above zero.")
    if not cdr.is_credit and amount < 0:
        raise PriceRefused(f"The price of CDR {cdr} can't be below zero.")
