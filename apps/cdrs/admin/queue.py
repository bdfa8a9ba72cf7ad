"""What the review queue shows: held CDRs with their prices, reasons, and filters."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse

from apps.accounts.models import Provider
from apps.cdrs.models import CDR
from apps.cdrs.services.review import kept_margin_of
from apps.core import staff_display
from apps.locations.models import Operator

# Of more held CDRs the reasons of the oldest are counted.
MOST_COUNTED: Final = 2_000
FOUR_DECIMALS: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the held CDRs are asked for; what is no reason or id asks for nothing."""

    reason: str = ""
    operator: str = ""
    provider: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        reason = query.get("reason") or ""
        return cls(
            reason=reason if reason.replace("_", "").isalnum() else "",
            operator=_id(query.get("operator")),
            provider=_id(query.get("provider")),
        )

    def among(self, cdrs: QuerySet[CDR]) -> QuerySet[CDR]:
        """Those that are wanted."""
        if self.reason:
            cdrs = cdrs.annotate(reasons_told=Cast("hold_reasons", TextField())).filter(
                reasons_told__contains=f'"{self.reason}"'
            )
        if self.operator:
            cdrs = cdrs.filter(operator=UUID(self.operator))
        if self.provider:
            cdrs = cdrs.filter(provider=UUID(self.provider))
        return cdrs

    @property
    def query(self) -> str:
        """For a link to the same rows."""
        told = {name: getattr(self, name) for name in ("reason", "operator", "provider")}
        return urlencode({name: value for name, value in told.items() if value})


def held_cdrs() -> QuerySet[CDR]:
    """Those that wait for a person."""
    held: QuerySet[CDR] = CDR.objects.live().filter(status=CDR.Status.PENDING, is_held=True)
    return held


def count_reasons() -> list[tuple[str, str, int]]:
    """The codes of the reasons with their words and how many CDRs have them, the most first."""
    kept = held_cdrs().order_by("ended_at").values_list("hold_reasons", flat=True)[:MOST_COUNTED]
    counts = Counter(code for reasons in kept for code in {each["code"] for each in reasons})
    return [(code, words_of(code), count) for code, count in counts.most_common()]


def parties_of_queue() -> dict[str, list[Any]]:
    """The operators and providers that have held CDRs."""
    held = held_cdrs().order_by()
    return {
        "operators": list(Operator.objects.filter(pk__in=held.values("operator")).order_by("name")),
        "providers": list(Provider.objects.filter(pk__in=held.values("provider")).order_by("name")),
    }


def show_row(cdr: CDR) -> dict[str, Any]:
    """A held CDR as the table has it; amounts exclude VAT, in its currency."""
    sent, ours = cdr.total_cost_excl_vat, cdr.computed_cost_excl_vat
    difference = None if sent is None or ours is None else sent - ours
    margin = kept_margin_of(cdr)
    return {
        "cdr": cdr,
        "address": reverse("admin:cdrs_cdr_change", args=[cdr.pk]),
        "operator": cdr.operator.name if cdr.operator else cdr.party,
        "energy": f"{cdr.kwh.normalize():,f} kWh",
        "sent": _amount(sent),
        "ours": _amount(ours),
        "difference": _amount(difference, signed=True),
        "differs": bool(difference and abs(difference) >= FOUR_DECIMALS),
        "retail": _amount(cdr.retail_cost_excl_vat),
        "margin": _amount(margin, signed=True),
        "loses": margin is not None and margin < 0,
        "reasons": [(words_of(each["code"]), each["message"]) for each in cdr.hold_reasons],
    }


def words_of(code: str) -> str:
    """PRICE_DIFFERS as people read it: "Price differs"."""
    return code.replace("_", " ").capitalize()


def _amount(amount: Decimal | None, *, signed: bool = False) -> str:
    """To four decimals, as OCPI has them, so that a column can be compared."""
    if amount is None:
        return staff_display.EMPTY
    rounded = amount.quantize(FOUR_DECIMALS)
    return f"{rounded:+,f}" if signed and rounded else f"{rounded:,f}"


def _id(text: str | None) -> str:
    try:
        return str(UUID(text or ""))
    except ValueError:
        return ""
