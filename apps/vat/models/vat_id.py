"""VAT ids of businesses, and what the registers said of them."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.models import BaseModel
from apps.vat.facts import IdStatus


class VatIdState(models.TextChoices):
    """What is known of an id."""

    UNCHECKED = "UNCHECKED", "Not yet checked"
    VALID = "VALID", "Valid"
    INVALID = "INVALID", "Invalid"
    UNAVAILABLE = "UNAVAILABLE", "Register unavailable"

    @property
    def as_fact(self) -> IdStatus | None:
        """The state as a decision knows it; of what is not checked nothing is known."""
        return None if self is VatIdState.UNCHECKED else IdStatus(self.value.lower())


class Register(models.TextChoices):
    """Who, or what, was asked."""

    FORM = "FORM", "Form only"
    VIES = "VIES", "VIES"


class VatIdQuerySet(AuditedQuerySet):
    def due(self, now: datetime) -> "VatIdQuerySet":
        """Those whose next check has come, the longest waiting first."""
        return self.filter(next_check_at__lte=now).order_by("next_check_at", "id")


class VatId(AuditedModel):
    """A VAT id in its compact form, with the newest answer of its register.

    `confirmed_at` and the consultation number are the proof of a valid id; they survive an
    outage of the register, the full history of answers is in VatIdCheck.
    """

    MAX_LENGTH = 50  # longer than any id, so that what is too long can be kept as invalid

    value = models.CharField("VAT id", max_length=MAX_LENGTH, unique=True)
    issuer = models.CharField(max_length=2, blank=True, help_text="Empty: no VAT id at all.")
    state = models.CharField(
        max_length=12, choices=VatIdState.choices, default=VatIdState.UNCHECKED
    )
    register = models.CharField(max_length=10, choices=Register.choices, blank=True)
    checked_at = models.DateTimeField("last asked", null=True, blank=True)
    confirmed_at = models.DateTimeField("last confirmed", null=True, blank=True)
    consultation_number = models.CharField(max_length=100, blank=True)
    trader_name = models.CharField(max_length=300, blank=True)
    trader_address = models.TextField(blank=True)
    next_check_at = models.DateTimeField(
        "next check", null=True, blank=True, help_text="Empty: no register to ask."
    )
    attempts = models.PositiveIntegerField(
        default=0, help_text="Failed attempts since the register last answered."
    )
    last_error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = VatIdQuerySet.as_manager()

    audit_ignored = ("checked_at", "next_check_at", "attempts", "last_error")

    class Meta:
        verbose_name = "VAT id"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=VatIdState.values), name="vat_id_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=VatIdState.VALID) | Q(confirmed_at__isnull=False),
                name="vat_id_valid_was_confirmed",
            ),
        ]
        indexes = [
            models.Index(fields=["next_check_at", "id"], name="vat_id_due",
                         condition=Q(next_check_at__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.value


class VatIdCheck(BaseModel):
    """One consultation of a register and its answer; kept as proof, never changed."""

    vat_id = models.ForeignKey(
        VatId, on_delete=models.PROTECT, related_name="checks", verbose_name="VAT id"
    )
    checked_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=VatIdState.choices)
    register = models.CharField(max_length=10, choices=Register.choices)
    consultation_number = models.CharField(max_length=100, blank=True)
    requester = models.CharField(
        max_length=20, blank=True, help_text="The VAT id in whose name the register was asked."
    )
    trader_name = models.CharField(max_length=300, blank=True)
    trader_address = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "VAT id check"
        indexes = [models.Index(fields=["vat_id", "-checked_at"], name="vat_id_check_newest")]

    def __str__(self) -> str:
        return f"{self.vat_id} {self.get_state_display().lower()} on {self.checked_at:%Y-%m-%d}"
