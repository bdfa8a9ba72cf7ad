"""What drivers should know about the prices of an operator."""

from datetime import date
from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Provider
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.locations.models import Location, Operator
from apps.tariffs.models.tariff import Tariff

language_code = RegexValidator(r"^[a-z]{2}$", "Two small letters, as in ISO 639-1: en, nl, de.")


class TariffNoteQuerySet(AuditedQuerySet):
    def valid_on(self, day: date) -> "TariffNoteQuerySet":
        """Those to be shown on this day."""
        return self.filter(Q(active_from=None) | Q(active_from__lte=day)).filter(
            Q(active_to=None) | Q(active_to__gt=day)
        )

    def seen_by(self, provider: Provider | None) -> "TariffNoteQuerySet":
        """Those for everybody, and those for this provider's drivers."""
        return self.filter(Q(provider=None) | Q(provider=provider))


class TariffNote(AuditedModel):
    """A sentence to drivers about an operator's prices, or those of one location or tariff.

    The highest priority is shown first.
    """

    class Channel(models.TextChoices):
        MAP = "MAP", "Stations map"
        APP = "APP", "App"
        INVOICE = "INVOICE", "Invoice"

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="tariff_notes")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="tariff_notes",
        help_text="Only for this location; empty: for all of the operator.",
    )  # fmt: skip
    tariff = models.ForeignKey(
        Tariff, on_delete=models.PROTECT, null=True, blank=True, related_name="notes",
        help_text="Only for this tariff; empty: for all of the operator.",
    )  # fmt: skip
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="tariff_notes",
        help_text="Only for this provider's drivers; empty: for everybody.",
    )  # fmt: skip
    channel = models.CharField(max_length=8, choices=Channel)
    language = models.CharField(max_length=2, validators=[language_code])
    text = models.CharField(max_length=500)
    priority = models.SmallIntegerField(default=0, help_text="The highest is shown first.")
    active_from = models.DateField(null=True, blank=True)
    active_to = models.DateField(null=True, blank=True, help_text="The first day it is not shown.")

    objects: ClassVar[Any] = TariffNoteQuerySet.as_manager()

    class Meta:
        verbose_name = "tariff note"
        constraints = [
            models.CheckConstraint(
                condition=Q(active_to=None)
                | Q(active_from=None)
                | Q(active_to__gt=F("active_from")),
                name="tariff_note_period_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["MAP", "APP", "INVOICE"]), name="tariff_note_channel_known"
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "channel", "language"], name="tariff_note_to_show"),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:57]}..."

    def audit_provider_id(self) -> Any:
        return self.provider_id
