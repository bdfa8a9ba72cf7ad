"""Dated VAT rates, kept up to date by staff."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.audit.models import AuditedModel
from apps.vat.rates import Rate, RateKind

territory_code = RegexValidator(
    r"^[A-Z]{2}(-[A-Z0-9a-z]{1,6})?$", "A country, or a part of one: DE, XI, PT-30, AT-699x."
)


class VatRate(AuditedModel):
    """One rate of one territory in one period, in per cent; periods neither overlap nor part."""

    class Kind(models.TextChoices):
        STANDARD = RateKind.STANDARD.value, "Standard"
        EV_CHARGING = RateKind.EV_CHARGING.value, "Charging of vehicles"

    territory = models.CharField(
        max_length=10, validators=[territory_code],
        help_text="A country, or a part of one with its own rate: DE, XI, PT-30.",
    )  # fmt: skip
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.STANDARD)
    rate = models.DecimalField(
        "rate (%)", max_digits=6, decimal_places=3,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )  # fmt: skip
    valid_from = models.DateField()
    valid_to = models.DateField(
        null=True, blank=True, help_text="The first day it is not valid; empty: still valid."
    )
    source = models.CharField(max_length=300, help_text="Where the rate can be looked up.")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "VAT rate"
        constraints = [
            models.UniqueConstraint(
                fields=["territory", "kind", "valid_from"], name="vat_rate_starts_once"
            ),
            models.UniqueConstraint(
                fields=["territory", "kind"], condition=Q(valid_to=None),
                name="vat_rate_one_open_period",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="vat_rate_period_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(rate__gte=0) & Q(rate__lte=100), name="vat_rate_is_per_cent"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RateKind]), name="vat_rate_kind_known"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.territory} {self.get_kind_display().lower()} {self.rate:f} %"

    def as_rate(self) -> Rate:
        """The row as the pure rate book knows it."""
        return Rate(
            territory=self.territory,
            kind=RateKind(self.kind),
            rate=self.rate.normalize(),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            source=self.source,
            note=self.note,
        )
