"""The invoice itself."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Account, Provider, country_code, currency_code
from apps.audit.fields import PersonalMessageField
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.billing.models.fields import Money
from apps.billing.models.frozen import InvoiceFrozen
from apps.billing.models.run import InvoiceRun
from apps.billing.models.series import InvoiceSeries


class InvoiceQuerySet(AuditedQuerySet):
    def of_provider(self, provider: Provider | None) -> "InvoiceQuerySet":
        """Those of one provider; of all for staff (None)."""
        return self if provider is None else self.filter(provider=provider)

    def drafts(self) -> "InvoiceQuerySet":
        return self.filter(state=Invoice.State.DRAFT)

    def issued(self) -> "InvoiceQuerySet":
        return self.filter(state=Invoice.State.ISSUED)

    def live(self) -> "InvoiceQuerySet":
        """Without discarded drafts."""
        return self.exclude(state=Invoice.State.DISCARDED)

    def update(self, **kwargs: Any) -> int:
        self._refuse_frozen(self)
        return super().update(**kwargs)

    def bulk_update(  # type: ignore[override]
        self, objs: Iterable[Any], fields: Iterable[str], **kwargs: Any
    ) -> int:
        rows = list(objs)
        self._refuse_frozen(self.filter(pk__in=[row.pk for row in rows]))
        return super().bulk_update(rows, fields, **kwargs)

    @staticmethod
    def _refuse_frozen(rows: "models.QuerySet[Any]") -> None:
        if frozen := rows.exclude(state=Invoice.State.DRAFT).first():
            raise InvoiceFrozen(f"Invoice {frozen} is {frozen.get_state_display().lower()}.")


class Invoice(AuditedModel):
    """What an account owes a provider for one period, currency, tax country and kind.

    DRAFT      may still change or be discarded; has no number
    ISSUED     final: numbered and frozen; corrections are credit notes
    DISCARDED  final: a draft that was given up; its CDRs are free for another
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        ISSUED = "ISSUED", "Issued"
        DISCARDED = "DISCARDED", "Discarded"

    class Kind(models.TextChoices):
        CHARGE_CARD = "CHARGE_CARD", "Charge card"
        DELAYED = "DELAYED", "Delayed"
        CHARGE_STATION = "CHARGE_STATION", "Charge station"
        REIMBURSEMENT = "REIMBURSEMENT", "Reimbursement"
        DELAYED_REIMBURSEMENT = "DELAYED_REIMBURSEMENT", "Delayed reimbursement"

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.ISSUED, State.DISCARDED},
        State.ISSUED: set(),
        State.DISCARDED: set(),
    }

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="invoices")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="invoices")
    run = models.ForeignKey(
        InvoiceRun, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    kind = models.CharField(max_length=25, choices=Kind, default=Kind.CHARGE_CARD)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    currency = models.CharField(max_length=3, validators=[currency_code])
    tax_country = models.CharField(
        max_length=2, blank=True, validators=[country_code],
        help_text="Whose VAT it is; empty: outside the scope of VAT.",
    )  # fmt: skip
    seller_vat_country = models.CharField(
        "seller's VAT country", max_length=2, blank=True,
        help_text="The country of the seller's VAT number to print.",
    )  # fmt: skip
    partition = models.CharField(
        max_length=60, help_text="What may stand on one invoice: EUR/NL, EUR/DE/NL, EUR/NL/O."
    )
    buyer_vat_id = models.CharField("buyer's VAT id", max_length=20, blank=True)
    series = models.ForeignKey(
        InvoiceSeries, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    sequence = models.PositiveIntegerField(null=True, blank=True)
    number = models.CharField(max_length=40, null=True, blank=True, unique=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issue_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    line_count = models.PositiveIntegerField("lines", default=0)
    net_total = Money("net", default=0)
    vat_total = Money("VAT", default=0)
    gross_total = Money("gross", default=0)
    vat_currency = models.CharField(
        "VAT currency", max_length=3, blank=True,
        help_text="The tax country's currency, where it is another one than the invoice's.",
    )  # fmt: skip
    vat_total_in_vat_currency = Money("VAT in the VAT currency", null=True, blank=True)
    exchange_rate = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, blank=True,
        help_text="VAT currency per unit of the invoice's currency.",
    )  # fmt: skip
    exchange_date = models.DateField(null=True, blank=True)
    exchange_source = models.CharField(max_length=100, blank=True)
    seller = models.JSONField(
        default=dict, blank=True, help_text="As printed: names, address, VAT number, bank, brand."
    )
    buyer = models.JSONField(
        default=dict, blank=True, help_text="As printed: name, address, VAT id, language."
    )
    discard_reason = PersonalMessageField(blank=True)

    objects: ClassVar[Any] = InvoiceQuerySet.as_manager()

    # What goes from a discarded draft when its customer is erased: no law asks to keep it.
    ERASABLE: ClassVar[frozenset[str]] = frozenset({"buyer_vat_id", "updated_at"})

    # The row itself never changes once it is issued, so that no version needs it again.
    audit_unversioned: ClassVar[tuple[str, ...]] = ("buyer",)
    audit_personal: ClassVar[tuple[str, ...]] = ("buyer_vat_id", "discard_reason")

    class Meta:
        permissions = [
            ("issue_invoice", "Can issue invoices"),
            ("discard_invoice", "Can discard draft invoices"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "account", "period_start", "period_end", "kind", "partition"],
                condition=~Q(state="DISCARDED"),
                name="invoice_once_per_period",
            ),
            models.UniqueConstraint(fields=["series", "sequence"], name="invoice_sequence_once"),
            models.CheckConstraint(
                condition=Q(state="ISSUED", number__isnull=False, series__isnull=False,
                            sequence__isnull=False, issued_at__isnull=False,
                            issue_date__isnull=False)
                | (~Q(state="ISSUED") & Q(number=None, series=None, sequence=None)),
                name="invoice_number_when_issued",
            ),
            models.CheckConstraint(
                condition=~Q(state="DISCARDED") | ~Q(discard_reason=""),
                name="invoice_discarded_with_reason",
            ),
            # Within less than a minor unit, because SQLite adds in binary floating point.
            models.CheckConstraint(
                condition=Q(gross_total__gt=F("net_total") + F("vat_total") - Decimal("0.0005"))
                & Q(gross_total__lt=F("net_total") + F("vat_total") + Decimal("0.0005")),
                name="invoice_gross_is_net_and_vat",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-issued_at", "-id"], name="invoice_newest_first"),
            models.Index(fields=["provider", "-id"], name="invoice_of_provider"),
            models.Index(fields=["provider", "issue_date"], condition=Q(state="ISSUED"),
                         name="invoice_for_reports"),
        ]  # fmt: skip

    def audit_label(self) -> str:
        """Without the customer's name."""
        return self.number or f"Draft {self.account.number} {self.period_start:%Y-%m}"

    def __str__(self) -> str:
        return self.number or f"Draft {self.account} {self.period_start:%Y-%m}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a draft, or move one to its final state; of a discarded one, only ERASABLE.

        Raises InvoiceFrozen for any other.
        """
        if not self._state.adding:
            self._refuse_frozen(kwargs.get("update_fields"))
        super().save(*args, **kwargs)

    def _refuse_frozen(self, only: Iterable[str] | None) -> None:
        stored = Invoice._base_manager.only("state", "number").get(pk=self.pk)
        if stored.state == Invoice.State.DISCARDED and only and self.ERASABLE.issuperset(only):
            return
        if stored.state != Invoice.State.DRAFT:
            raise InvoiceFrozen(
                f"Invoice {stored.number or self.pk} is {stored.get_state_display().lower()} "
                "and never changes."
            )
