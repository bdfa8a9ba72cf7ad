"""What was charged: the live session and its final record, the CDR."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower, Upper

from apps.accounts.models import Account, Provider, Token, currency_code
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.models import BaseModel
from apps.locations.models import Connector, Location, Operator


class Amount(models.DecimalField):
    """Money as sent or as computed, before the one rounding: 10 decimals, not yet minor units."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 20)
        kwargs.setdefault("decimal_places", 10)
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Charge(AuditedModel):
    """What a session and a CDR have in common: whose charge, where, and its OCPI identity."""

    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    contract_id = models.CharField(max_length=36, blank=True)
    token_uid = models.CharField(max_length=36, blank=True)
    token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, blank=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, null=True, blank=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, null=True, blank=True)
    location_id_sent = models.CharField("location id", max_length=36, blank=True)
    evse_uid = models.CharField("EVSE uid", max_length=39, blank=True)
    evse_id = models.CharField("EVSE id", max_length=48, blank=True)
    connector_id = models.CharField(max_length=36, blank=True)
    authorization_reference = models.CharField(max_length=64, blank=True)
    kwh = models.DecimalField("energy (kWh)", max_digits=20, decimal_places=10, default=0)
    currency = models.CharField(max_length=3, blank=True, validators=[currency_code])
    charging_periods = models.JSONField(
        default=list, blank=True, help_text="OCPI periods: start, dimensions with volumes as text."
    )

    class Meta:
        abstract = True

    @property
    def party(self) -> str:
        """The operator's OCPI party: NL*EFL."""
        return f"{self.country_code}*{self.party_id}"


class CDRQuerySet(AuditedQuerySet):
    def live(self) -> "CDRQuerySet":
        """Without deleted ones."""
        return self.filter(deleted_at=None)

    def of_provider(self, provider: Provider | None) -> "CDRQuerySet":
        """Those of one provider; of all for staff (None)."""
        return self if provider is None else self.filter(provider=provider)

    def identified_by(self, *, country_code: str, party_id: str, cdr_id: str) -> "CDRQuerySet":
        """The CDR of this identity, compared without case, also a deleted one."""
        return self.alias(c=Upper("country_code"), p=Upper("party_id"), i=Upper("cdr_id")).filter(
            c=country_code.upper(), p=party_id.upper(), i=cdr_id.upper()
        )

    def billable(self) -> "CDRQuerySet":
        return self.live().filter(status=CDR.Status.ACCEPTED)


class CDR(Charge):
    """Charge detail record: the final bill of one session from operator to provider.

    PENDING   received; held for a person while `hold_reasons` is not empty
    ACCEPTED  we owe the operator this, and bill it to the driver
    REJECTED  final: we don't owe it, for the reason given
    BILLED    final: on an issued invoice; its price can't change by any path
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        ACCEPTED = "ACCEPTED", "Accepted"
        REJECTED = "REJECTED", "Rejected"
        BILLED = "BILLED", "Billed"

    class Source(models.TextChoices):
        OCPI = "OCPI", "OCPI"
        HUB = "HUB", "Hub"
        IMPORT = "IMPORT", "Import"
        MANUAL = "MANUAL", "Manual"

    TRANSITIONS = {
        Status.PENDING: {Status.ACCEPTED, Status.REJECTED},
        Status.ACCEPTED: {Status.BILLED},
        Status.REJECTED: set[str](),
        Status.BILLED: set[str](),
    }

    cdr_id = models.CharField("CDR id", max_length=100)
    external_id = models.CharField(max_length=100, blank=True)
    session_id = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    rejection_reason = models.TextField(blank=True)
    hold_reasons = models.JSONField(
        default=list, blank=True, help_text="Why a person must look: a list of code and message."
    )
    is_held = models.BooleanField(default=False)

    location_name = models.CharField(max_length=255, blank=True)
    location_country = models.CharField(max_length=2, blank=True)
    location_postcode = models.CharField(max_length=20, blank=True)
    location_time_zone = models.CharField(max_length=50, blank=True)
    power_type = models.CharField(max_length=20, blank=True, choices=Connector.PowerType)
    started_at = models.DateTimeField("start")
    ended_at = models.DateTimeField("end")

    # The cost as sent; never changed.
    total_cost_excl_vat = Amount("total cost excl. VAT")
    total_cost_incl_vat = Amount("total cost incl. VAT")
    energy_cost_excl_vat = Amount()
    energy_cost_incl_vat = Amount()
    time_cost_excl_vat = Amount()
    time_cost_incl_vat = Amount()
    parking_cost_excl_vat = Amount()
    parking_cost_incl_vat = Amount()
    fixed_cost_excl_vat = Amount()
    fixed_cost_incl_vat = Amount()
    reservation_cost_excl_vat = Amount()
    reservation_cost_incl_vat = Amount()
    # What we say beside it.
    computed_cost_excl_vat = Amount(
        "computed cost excl. VAT", help_text="Our own price by the operator's tariff."
    )
    reviewed_cost_excl_vat = Amount(
        "reviewed cost excl. VAT", help_text="What we pay the operator after review."
    )
    retail_cost_excl_vat = Amount(
        "retail cost excl. VAT", help_text="What the driver pays, in the provider's tariff."
    )

    tariffs = models.JSONField("tariffs as sent", default=list, blank=True)
    is_credit = models.BooleanField(default=False)
    credit_reference_id = models.CharField(
        max_length=100, blank=True, help_text="The CDR id that a credit CDR takes back."
    )
    remark = models.TextField(blank=True)
    raw = models.TextField("message as received", blank=True)
    content_hash = models.CharField(max_length=64, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                F("cdr_id"), Value(" "), F("external_id"), Value(" "), F("contract_id"),
                Value(" "), F("evse_id"), Value(" "), F("source"), Value(" "), F("status"),
                Value(" "), F("location_name"),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )  # fmt: skip

    objects: ClassVar[Any] = CDRQuerySet.as_manager()

    audit_unversioned: ClassVar[tuple[str, ...]] = ("raw", "tariffs", "charging_periods")
    audit_ignored: ClassVar[tuple[str, ...]] = ("search_text",)

    class Meta:
        verbose_name = "CDR"
        verbose_name_plural = "CDRs"
        constraints = [
            models.UniqueConstraint(
                Upper("country_code"), Upper("party_id"), Upper("cdr_id"), name="cdr_identity"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PENDING", "ACCEPTED", "REJECTED", "BILLED"]),
                name="cdr_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="REJECTED") | ~Q(rejection_reason=""),
                name="cdr_rejection_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=F("started_at")), name="cdr_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(status="BILLED") | Q(deleted_at=None), name="cdr_billed_is_kept"
            ),
        ]
        indexes = [
            models.Index(fields=["-ended_at", "-id"], name="cdr_newest_first"),
            models.Index(fields=["provider", "-ended_at"], name="cdr_of_provider"),
            models.Index(fields=["account", "ended_at"], condition=Q(status="ACCEPTED"),
                         name="cdr_to_bill"),
            models.Index(fields=["-ended_at"], condition=Q(is_held=True), name="cdr_held"),
            models.Index(fields=["status", "-ended_at"], name="cdr_by_status"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.party} {self.cdr_id}"


class CdrConflict(BaseModel):
    """Other content that came under the identity of a CDR we have: refused, for staff to see."""

    cdr = models.ForeignKey(CDR, on_delete=models.PROTECT, related_name="conflicts")
    content_hash = models.CharField(max_length=64)
    raw = models.TextField()
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        verbose_name = "CDR conflict"
        constraints = [
            models.UniqueConstraint(fields=["cdr", "content_hash"], name="cdr_conflict_once"),
        ]

    def __str__(self) -> str:
        return f"other content for {self.cdr}"


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

    session_id = models.CharField(max_length=100)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    started_at = models.DateTimeField("start")
    ended_at = models.DateTimeField("end", null=True, blank=True)
    total_cost_excl_vat = Amount("running cost excl. VAT")
    total_cost_incl_vat = Amount("running cost incl. VAT")
    last_updated = models.DateTimeField(help_text="As the operator says; an older one is ignored.")
    raw = models.TextField("last message as received", blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

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


class CdrImport(AuditedModel):
    """One file of CDRs that was read: how many rows, and what became of them."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        FINISHED = "FINISHED", "Finished"
        FAILED = "FAILED", "Failed"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="cdr_imports")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    mapping_name = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = "CDR import"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="FINISHED")
                | Q(rows=F("created") + F("unchanged") + F("refused")),
                name="cdr_import_loses_no_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.started_at:%Y-%m-%d %H:%M})"


class ImportFinding(BaseModel):
    """A row of an import that was refused or held, with its line and the reason."""

    class Outcome(models.TextChoices):
        REFUSED = "REFUSED", "Refused"
        HELD = "HELD", "Held"

    cdr_import = models.ForeignKey(CdrImport, on_delete=models.PROTECT, related_name="findings")
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    code = models.CharField(max_length=50)
    message = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["cdr_import", "line"], name="finding_by_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"
