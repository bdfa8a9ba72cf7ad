"""The ledger: what happened to each payment, and how it moved the money."""

from typing import Any
from uuid import UUID

from django.db import models

from apps.audit.fields import PersonalMessageField
from apps.audit.personal import Keyring
from apps.core.errors import DomainError
from apps.core.models import BaseModel
from apps.payments.models.money import Money
from apps.payments.models.payment import Payment


class LedgerIsAppendOnly(DomainError):
    """A ledger entry would be changed or removed."""

    code = "LEDGER_APPEND_ONLY"
    http_status = 500


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def update(self, **kwargs: Any) -> int:
        raise LedgerIsAppendOnly("Entries of the ledger are never changed.")

    def delete(self) -> Any:
        raise LedgerIsAppendOnly("Entries of the ledger are never removed.")


class LedgerEntry(BaseModel):
    """One event of a payment. The three changes, summed over a payment, are where its money is:

    blocked   on the driver's side, not ours yet
    taken     with us
    owed      due to us, not covered by the blocked amount
    """

    class Kind(models.TextChoices):
        PREAUTH_ASKED = "PREAUTH_ASKED", "Pre-authorization asked"
        PREAUTH_ACCEPTED = "PREAUTH_ACCEPTED", "Pre-authorized"
        PREAUTH_FAILED = "PREAUTH_FAILED", "Pre-authorization failed"
        CAPTURE_ASKED = "CAPTURE_ASKED", "Capture asked"
        CAPTURED = "CAPTURED", "Captured"
        RELEASE_ASKED = "RELEASE_ASKED", "Release asked"
        RELEASED = "RELEASED", "Released"
        EXPIRED = "EXPIRED", "Expired"
        REFUND_ASKED = "REFUND_ASKED", "Refund asked"
        REFUNDED = "REFUNDED", "Refunded"
        OWED = "OWED", "Owed"
        ATTEMPT_FAILED = "ATTEMPT_FAILED", "PSP not reached or refused"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    blocked_change = Money(default=0)
    taken_change = Money(default=0)
    owed_change = Money(default=0)
    text = PersonalMessageField(blank=True)

    # For many at once; see personal.keyring().
    audit_keys: Keyring

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = "payment event"
        indexes = [models.Index(fields=["payment", "id"], name="ledger_of_payment")]

    def audit_person_id(self) -> UUID:
        """Whose payment it is: the PSP's words and staff's reasons may name them."""
        person_id: UUID = self.payment.audit_person_id()
        return person_id

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.payment_id}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise LedgerIsAppendOnly("Entries of the ledger are never removed.")
