"""How received CDRs are judged before a person looks."""

from typing import Any
from uuid import UUID

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from apps.accounts.models import Provider
from apps.audit.models import AuditedModel
from apps.locations.models import Operator

# Stands for an empty reference, because a database takes no two NULLs for the same.
NOBODY = Value(UUID(int=0), output_field=models.UUIDField())


def _bound(words: str, **options: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(
        words, max_digits=12, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(0)], **options,
    )  # fmt: skip


class ReviewRule(AuditedModel):
    """What is asked of the CDRs of a provider at an operator, and what becomes of them.

    The most particular rule judges a CDR: that of provider and operator, of the provider, of the
    operator, the general one. Empty bounds bound nothing.
    """

    class WhenClean(models.TextChoices):
        ACCEPT = "ACCEPT", "Accept it"
        WAIT = "WAIT", "Leave it to a person"

    class WhenOdd(models.TextChoices):
        HOLD = "HOLD", "Hold it for a person"
        REJECT = "REJECT", "Reject it"

    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="review_rules",
        help_text="Empty: the CDRs of all providers.",
    )  # fmt: skip
    operator = models.ForeignKey(
        Operator, on_delete=models.PROTECT, null=True, blank=True, related_name="review_rules",
        help_text="Empty: the CDRs of all operators.",
    )  # fmt: skip
    when_clean = models.CharField(max_length=6, choices=WhenClean, default=WhenClean.WAIT)
    when_odd = models.CharField(max_length=6, choices=WhenOdd, default=WhenOdd.HOLD)
    tolerance_amount = models.DecimalField(
        max_digits=12, decimal_places=4, default=0, validators=[MinValueValidator(0)],
        help_text="In the CDR's currency: what the sent total may differ from ours.",
    )  # fmt: skip
    tolerance_percent = models.DecimalField(
        max_digits=6, decimal_places=3, default=0, validators=[MinValueValidator(0)],
        help_text="Of our price; the larger of the two tolerances counts.",
    )  # fmt: skip
    needs_price = models.BooleanField(
        "needs a price", default=False, help_text="A CDR that can't be priced is odd."
    )
    min_minutes = _bound("shortest session (min)")
    max_minutes = _bound("longest session (min)")
    min_kwh = _bound("least energy (kWh)")
    max_kwh = _bound("most energy (kWh)")
    min_cost = _bound("lowest cost", help_text="Excluding VAT, in the CDR's currency.")
    max_cost = _bound("highest cost", help_text="Excluding VAT, in the CDR's currency.")
    power_tolerance_percent = _bound(
        "power above the connector's (%)",
        help_text="What the average power may exceed; empty: power is not judged.",
    )
    refuses_overlap = models.BooleanField(
        "refuses overlaps", default=False,
        help_text="Another CDR of the same EVSE or token at the same time is odd.",
    )  # fmt: skip

    class Meta:
        verbose_name = "review rule"
        constraints = [
            models.UniqueConstraint(
                Coalesce("provider", NOBODY), Coalesce("operator", NOBODY), name="review_rule_once"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"min_{name}": None})
                    | Q(**{f"max_{name}": None})
                    | Q(**{f"max_{name}__gte": F(f"min_{name}")}),
                    name=f"review_rule_{name}_in_order",
                )
                for name in ("minutes", "kwh", "cost")
            ),
        ]

    def __str__(self) -> str:
        whose = self.provider or "all providers"
        return f"{whose} at {self.operator or 'all operators'}"

    def audit_provider_id(self) -> Any:
        return self.provider_id
