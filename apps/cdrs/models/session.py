"""The live record of charging."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from apps.accounts.models import Provider
from apps.audit.fields import PersonalMessageField
from apps.audit.models import AuditedQuerySet
from apps.cdrs.models.charge import Amount, Charge


class ChargingSessionQuerySet(AuditedQuerySet):
    def live(self) -> "ChargingSessionQuerySet":
        """Without deleted ones."""
        return self.filter(deleted_at=None)

    def of_provider(self, provider: Provider | None) -> "ChargingSessionQuerySet":
        """Those of one provider; of all for staff (None)."""
        return self if provider is None else self.filter(provider=provider)

    def identified_by(
        self, *, country_code: str, party_id: str, session_id: str
    ) -> "ChargingSessionQuerySet":
        """The session of this identity, compared without case."""
        return self.alias(
            c=Upper("country_code"), p=Upper("party_id"), i=Upper("session_id")
        ).filter(c=country_code.upper(), p=party_id.upper(), i=session_id.upper())


class ChargingSession(Charge):
    """The live record of charging that an operator sends and updates; its bill is the CDR.

    PENDING      the station was asked to start
    ACTIVE       energy may flow
    COMPLETED    final: ended; a CDR follows
    INVALID      final: was none
    RESERVATION  the EVSE is reserved, charging has not begun
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        ACTIVE = "ACTIVE", "Active"
        COMPLETED = "COMPLETED", "Completed"
        INVALID = "INVALID", "Invalid"
        RESERVATION = "RESERVATION", "Reservation"

    FINAL: ClassVar[frozenset[str]] = frozenset({Status.COMPLETED, Status.INVALID})

    session_id = models.CharField(max_length=100)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    started_at = models.DateTimeField("start")
    ended_at = models.DateTimeField("end", null=True, blank=True)
    total_cost_excl_vat = Amount("running cost excl. VAT")
    total_cost_incl_vat = Amount("running cost incl. VAT")
    last_updated = models.DateTimeField(help_text="As the operator says; an older one is ignored.")
    raw = PersonalMessageField("last message as received", blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[Any] = ChargingSessionQuerySet.as_manager()

    audit_unversioned: ClassVar[tuple[str, ...]] = ("raw", "charging_periods")

    class Meta:
        verbose_name = "charging session"
        constraints = [
            models.UniqueConstraint(
                Upper("country_code"), Upper("party_id"), Upper("session_id"),
                name="session_identity",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="session_ends_after_start",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="session_newest_first"),
            models.Index(fields=["token", "-started_at"], name="session_of_token"),
            models.Index(fields=["authorization_reference"], name="session_by_authorization"),
        ]

    def __str__(self) -> str:
        return f"{self.party} {self.session_id}"
