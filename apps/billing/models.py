"""Invoices: drafted by a run, numbered and frozen when issued, their documents beside them."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Account, Provider, country_code, currency_code
from apps.audit.models import AuditedModel
from apps.cdrs.models import CDR
from apps.core.models import BaseModel


class Money(models.DecimalField):
    """An amount in the currency's minor unit; at most 3 decimals (ISO 4217)."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 3)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class InvoiceSeries(BaseModel):
    """The counter of a seller's numbers in one year; its row lock makes them gap-free."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT)
    prefix = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"
        constraints = [
            models.UniqueConstraint(fields=["provider", "prefix", "year"], name="series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"


class InvoiceRun(AuditedModel):
    """One billing of a provider's accepted CDRs up to the end of a period."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        FINISHED = "FINISHED", "Finished"
        FAILED = "FAILED", "Failed"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="invoice_runs")
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    totals = models.JSONField(
        default=dict, blank=True, help_text="Per currency: invoices, lines, net, VAT, gross."
    )
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="run_period_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.period_start:%Y-%m}"


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

    TRANSITIONS = {
        State.DRAFT: {State.ISSUED, State.DISCARDED},
        State.ISSUED: set[str](),
        State.DISCARDED: set[str](),
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
        help_text="Empty: outside the scope of VAT.",
    )  # fmt: skip
    partition = models.CharField(
        max_length=60, help_text="What may stand on one invoice: EUR/NL, EUR/DE/AE, EUR/O."
    )
    number = models.CharField(max_length=40, null=True, blank=True, unique=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issue_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    net_total = Money(default=0)
    vat_total = Money(default=0)
    gross_total = Money(default=0)
    seller = models.JSONField(
        default=dict, blank=True, help_text="As printed: names, address, VAT number, bank, brand."
    )
    buyer = models.JSONField(
        default=dict, blank=True, help_text="As printed: name, address, VAT id, language."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "account", "period_start", "period_end", "kind", "partition"],
                condition=~Q(state="DISCARDED"),
                name="invoice_once_per_period",
            ),
            models.CheckConstraint(
                condition=Q(state="ISSUED", number__isnull=False, issued_at__isnull=False,
                            issue_date__isnull=False)
                | (~Q(state="ISSUED") & Q(number=None)),
                name="invoice_number_when_issued",
            ),
            # Within less than a minor unit, because SQLite adds in binary floating point.
            models.CheckConstraint(
                condition=Q(gross_total__gt=F("net_total") + F("vat_total") - Decimal("0.0005"))
                & Q(gross_total__lt=F("net_total") + F("vat_total") + Decimal("0.0005")),
                name="invoice_gross_is_net_and_vat",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-issued_at", "-id"], name="invoice_newest_first")]

    def __str__(self) -> str:
        return self.number or f"Draft {self.account} {self.period_start:%Y-%m}"


class InvoiceLine(BaseModel):
    """One charge on an invoice, with the tax decision that was made for it."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    cdr = models.ForeignKey(
        CDR, on_delete=models.PROTECT, null=True, blank=True, related_name="invoice_lines"
    )
    is_live = models.BooleanField(
        default=True, help_text="Off when the draft was discarded: the CDR is free again."
    )
    description = models.CharField(max_length=300)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=50, blank=True)
    quantity_kwh = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    net_amount = Money()
    vat_category = models.CharField(max_length=2, help_text="EN 16931: S, AE, O, Z, E.")
    vat_rate = models.DecimalField(max_digits=6, decimal_places=3, help_text="Per cent.")
    tax_decision = models.JSONField(default=dict, help_text="The decision with its facts.")
    price_basis = models.CharField(
        max_length=20, help_text="Where the price comes from: RETAIL or COST_AS_SENT."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cdr"], condition=Q(is_live=True), name="cdr_on_one_live_line"
            ),
            models.UniqueConstraint(fields=["invoice", "position"], name="line_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.description}"


class InvoiceVatTotal(BaseModel):
    """The VAT of an invoice per category and rate: computed once, on the sum (EN 16931 BG-23)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="vat_totals")
    vat_category = models.CharField(max_length=2)
    vat_rate = models.DecimalField(max_digits=6, decimal_places=3)
    net_amount = Money()
    vat_amount = Money()
    note = models.TextField(blank=True, help_text="The legal note to print.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "vat_category", "vat_rate"], name="vat_total_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vat_category} {self.vat_rate} %"


class InvoiceDocument(BaseModel):
    """A file of an issued invoice, made once; insert-only."""

    class Format(models.TextChoices):
        PDF = "PDF", "PDF"
        XML = "XML", "XML (EN 16931)"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents")
    format = models.CharField(max_length=5, choices=Format)
    file_name = models.CharField(max_length=100)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "format"], name="document_once"),
        ]

    def __str__(self) -> str:
        return self.file_name


class BillingHold(BaseModel):
    """An accepted CDR that a run could not bill, and why; gone when a later run bills it."""

    cdr = models.ForeignKey(CDR, on_delete=models.PROTECT, related_name="billing_holds")
    run = models.ForeignKey(InvoiceRun, on_delete=models.PROTECT, related_name="holds")
    code = models.CharField(max_length=50)
    message = models.TextField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cdr"], condition=Q(resolved_at=None), name="billing_hold_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cdr}: {self.message}"
