"""A driver's payment by card or wallet: blocked first, taken later."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Account, Provider, currency_code
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.money import display
from apps.payments.models.money import Money
from apps.payments.states import State


class PaymentQuerySet(AuditedQuerySet):
    def due(self, *, now: datetime) -> "PaymentQuerySet":
        """Those with something to ask of the PSP now, longest waiting first."""
        return self.filter(next_attempt_at__lte=now).order_by("next_attempt_at")


class Payment(AuditedModel):
    """An amount blocked at a payment service provider, of which at most all is taken.

    The amounts are what the ledger adds up to: `captured_amount` - `refunded_amount` is what we
    have, `owed_amount` is the part of `due_amount` that could not be taken. States: see states.py.
    """

    State = State

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="payments")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    reference = models.CharField(
        max_length=100, unique=True, help_text="What is paid for; asking again finds this payment."
    )
    psp = models.CharField("PSP", max_length=20)
    psp_payment_id = models.CharField("PSP's payment id", max_length=100, blank=True)
    payment_method = models.CharField(
        max_length=100, blank=True, help_text="The PSP's token of the driver's card or wallet."
    )
    customer_reference = models.CharField(
        max_length=100, blank=True, help_text="The PSP's id of the driver."
    )
    currency = models.CharField(max_length=3, validators=[currency_code])
    authorized_amount = Money("pre-authorized amount")
    due_amount = Money(
        null=True, blank=True, help_text="What the driver has to pay incl. VAT, once known."
    )
    capture_amount = Money(null=True, blank=True, help_text="What the PSP was asked to take.")
    captured_amount = Money(default=0)
    refund_amount = Money(default=0, help_text="What the PSP was asked to give back, in all.")
    refunded_amount = Money(default=0)
    owed_amount = Money(default=0, help_text="Due, but not covered by the blocked amount.")
    state = models.CharField(max_length=20, choices=State, default=State.PREAUTH_PENDING)
    state_changed_at = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the PSP was first asked to block the amount."
    )
    authorized_until = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=100, blank=True)
    failure_message = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="When the PSP is asked (again); empty: nothing to ask."
    )

    objects: ClassVar = PaymentQuerySet.as_manager()

    audit_ignored: ClassVar[tuple[str, ...]] = ("asked_at", "attempts", "next_attempt_at")
    audit_personal: ClassVar[tuple[str, ...]] = (
        "payment_method", "customer_reference", "failure_message",
    )  # fmt: skip

    class Meta:
        permissions = [
            ("refund_payment", "Can give captured money back"),
            ("release_payment", "Can release a blocked amount"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="payment_state_known"),
            models.CheckConstraint(
                condition=Q(authorized_amount__gt=0), name="payment_authorized_positive"
            ),
            models.CheckConstraint(
                condition=Q(captured_amount__gte=0)
                & Q(captured_amount__lte=F("authorized_amount")),
                name="payment_captured_within_authorized",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0) & Q(refunded_amount__lte=F("captured_amount")),
                name="payment_refunded_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["CAPTURED", "REFUNDED"]) | Q(captured_amount=0),
                name="payment_captured_when_captured",
            ),
            models.UniqueConstraint(
                fields=["psp", "psp_payment_id"],
                condition=~Q(psp_payment_id=""),
                name="payment_psp_id_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False),
                         name="payment_due"),
            models.Index(fields=["provider", "-id"], name="payment_of_provider"),
        ]  # fmt: skip

    def audit_person_id(self) -> UUID:
        """The account; of a payment without one, whoever paid it."""
        account_id: UUID | None = self.account_id
        return account_id or self.pk

    def __str__(self) -> str:
        return f"{display(self.authorized_amount, self.currency)} for {self.reference}"
