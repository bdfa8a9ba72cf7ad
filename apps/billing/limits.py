"""Bounds against runaway amounts: what lies above them is held for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from apps.billing.held import Held

ANY_CURRENCY = "*"


@dataclass(frozen=True, slots=True)
class Limits:
    """The highest net amount of a line and of an invoice, per currency; "*" is for all others."""

    line_net: Mapping[str, Decimal]
    invoice_net: Mapping[str, Decimal]

    def check_line(self, amount: Decimal, currency: str) -> None:
        """Raises Held."""
        limit = _limit(self.line_net, currency)
        if limit is not None and abs(amount) > limit:
            raise Held(
                "LINE_OVER_LIMIT",
                f"{amount} {currency} is more than a charge may cost ({limit} {currency}).",
                limit=str(limit),
            )

    def check_invoice(self, amount: Decimal, currency: str) -> None:
        """Raises Held."""
        if amount < 0:
            raise Held("INVOICE_NEGATIVE", f"The invoice would be negative: {amount} {currency}.")
        limit = _limit(self.invoice_net, currency)
        if limit is not None and amount > limit:
            raise Held(
                "INVOICE_OVER_LIMIT",
                f"The invoice would come to {amount} {currency}, more than an invoice may "
                f"({limit} {currency}).",
                limit=str(limit),
            )


def _limit(limits: Mapping[str, Decimal], currency: str) -> Decimal | None:
    return limits.get(currency, limits.get(ANY_CURRENCY))
