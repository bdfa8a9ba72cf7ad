"""Two contents under one identity."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from apps.accounts.models import Provider
from apps.audit.fields import PersonalJSONField, PersonalMessageField
from apps.audit.models import AuditedModel
from apps.cdrs.models.cdr import CDR
from apps.cdrs.models.charge import ChargeSource


class CdrConflict(AuditedModel):
    """Other content that came under the identity of a CDR we have: refused, for staff to see."""

    cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, related_name="conflicts", verbose_name="CDR"
    )
    source = models.CharField(max_length=10, choices=ChargeSource)
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, help_text="Who posted it."
    )
    differences: Any = PersonalJSONField(
        default=list, help_text="Per field: what we have and what was sent."
    )
    person_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text="Who charged, by what was sent."
    )
    content_hash = models.CharField(max_length=64)
    raw = PersonalMessageField()
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)

    audit_unversioned: ClassVar[tuple[str, ...]] = ("raw", "differences")
    audit_personal: ClassVar[tuple[str, ...]] = ("resolution",)

    class Meta:
        verbose_name = "CDR conflict"
        indexes = [
            models.Index(fields=["-received_at"], condition=Q(resolved_at=None),
                         name="conflict_open"),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(fields=["cdr", "content_hash"], name="cdr_conflict_once"),
        ]

    def audit_person_id(self) -> UUID | None:
        return self.person_id

    def __str__(self) -> str:
        return f"other content for {self.cdr}"
