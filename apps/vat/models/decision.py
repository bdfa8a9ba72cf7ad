"""What was decided, on what: insert-only snapshots, and the queue of what waits for a person."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.audit.fields import PersonalLabelField
from apps.core.errors import DomainError
from apps.core.models import BaseModel
from apps.vat.rules import Category, Status


class Side(models.TextChoices):
    """Which link of the chain a decision is about."""

    RETAIL = "RETAIL", "Provider to driver"
    PURCHASE = "PURCHASE", "Operator to provider"


class DecisionKept(DomainError):
    """A decision would be changed or removed."""

    code = "VAT_DECISION_KEPT"


class VatDecisionQuerySet(models.QuerySet["VatDecision"]):
    def in_force(self, subject_type: str, subject_ids: list[Any]) -> "VatDecisionQuerySet":
        """The decisions that count: per subject and side the one that nothing replaced."""
        return self.filter(subject_type=subject_type, subject_id__in=subject_ids, superseded=None)

    def update(self, **kwargs: Any) -> int:
        raise DecisionKept("VAT decisions are kept as they were made; a new one replaces them.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise DecisionKept("VAT decisions are kept for the audit.")


class HeldDecisionQuerySet(models.QuerySet["HeldDecision"]):
    def waiting(self) -> "HeldDecisionQuerySet":
        """What a person has to look at."""
        return self.filter(resolved_at=None)


class VatDecision(BaseModel):
    """One decision with its facts, rule, rate and proofs, as it was made; never changed.

    Holds ids and no foreign keys, so that it outlives what it tells of. A later decision on the
    same subject and side names the one that it replaces.
    """

    subject_type = models.CharField(max_length=50, help_text="For example cdrs.cdr.")
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=200, blank=True)
    side = models.CharField(max_length=10, choices=Side.choices)
    provider_id = models.UUIDField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded"
    )
    decided_at = models.DateTimeField()
    decided_by = PersonalLabelField(max_length=200)
    status = models.CharField(max_length=6, choices=[(s.value, s.value) for s in Status])
    tax_country = models.CharField(max_length=2, blank=True)
    rate = models.DecimalField("rate (%)", max_digits=6, decimal_places=3, null=True, blank=True)
    category = models.CharField(
        max_length=2, blank=True, choices=[(c.value, c.value) for c in Category]
    )
    reporting = models.CharField(max_length=20, blank=True)
    rule = models.CharField(max_length=20)
    flags = models.JSONField(default=list)
    explanation = models.TextField()
    result = models.JSONField(help_text="The whole decision, as decide_vat writes it.")
    facts = models.JSONField(help_text="All facts and the policy, as decide_vat reads them.")
    rate_used = models.JSONField(null=True, help_text="The row of the rate table that applied.")
    proofs = models.JSONField(default=list, help_text="What the registers said of the VAT ids.")

    objects: ClassVar[Any] = VatDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "VAT decision"
        # Led by the one column that selects: a planner without statistics took an index led by the
        # kind of subject for as good, and read all decisions once per CDR.
        indexes = [
            models.Index(fields=["subject_id", "side", "subject_type"], name="vat_decision_of"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "side", "subject_type"], condition=Q(replaces=None),
                name="vat_decision_first_once",
            ),
            models.CheckConstraint(
                condition=Q(status="ok", rate__isnull=False)
                | (~Q(status="ok") & Q(rate=None, tax_country="", category="")),
                name="vat_decision_held_has_no_rate",
            ),
            models.CheckConstraint(
                condition=~Q(category="AE") | Q(rate=0), name="vat_decision_reversed_is_zero"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.explanation

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises DecisionKept for a decision that is stored already."""
        if not self._state.adding:
            raise DecisionKept("VAT decisions are kept as they were made; a new one replaces them.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise DecisionKept("VAT decisions are kept for the audit.")


class HeldDecision(BaseModel):
    """A subject whose VAT waits for a person: open until a later decision settles it."""

    subject_type = models.CharField(max_length=50)
    subject_id = models.UUIDField()
    subject_label = models.CharField("of", max_length=200, blank=True)
    side = models.CharField(max_length=10, choices=Side.choices)
    provider_id = models.UUIDField(null=True, blank=True)
    decision = models.ForeignKey(VatDecision, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("waits since")
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = HeldDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "held VAT decision"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "side"],
                condition=Q(resolved_at=None),
                name="held_decision_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], condition=Q(resolved_at=None),
                         name="held_decision_queue"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.subject_label} ({self.get_side_display().lower()})"
