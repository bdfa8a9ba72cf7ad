"""The final bill of one session, its states, and what about it may never change."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower, Upper

from apps.accounts.models import Provider
from apps.audit.fields import PersonalMessageField
from apps.audit.models import AuditedQuerySet
from apps.cdrs import guards
from apps.cdrs.models.charge import Amount, Charge, ChargeSource
from apps.cdrs.search import phrase_condition


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

    def identities(self, keys: Iterable[tuple[str, str, str]]) -> "CDRQuerySet":
        """Those of many identities (country code, party id, CDR id; in capitals)."""
        wanted = Q(pk__in=[])
        by_party: dict[tuple[str, str], list[str]] = {}
        for country, party, cdr_id in keys:
            by_party.setdefault((country, party), []).append(cdr_id)
        for (country, party), ids in by_party.items():
            wanted |= Q(c=country, p=party, i__in=ids)
        return self.alias(c=Upper("country_code"), p=Upper("party_id"), i=Upper("cdr_id")).filter(
            wanted
        )

    def matching(self, phrase: str) -> "CDRQuerySet":
        """Those with the phrase in their ids, source, status or location name; see search.py."""
        return self.filter(phrase_condition(phrase, using=self.db))

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

    Source = ChargeSource

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.ACCEPTED, Status.REJECTED},
        Status.ACCEPTED: {Status.BILLED},
        Status.REJECTED: set(),
        Status.BILLED: set(),
    }

    cdr_id = models.CharField("CDR id", max_length=100)
    external_id = models.CharField(max_length=100, blank=True)
    session_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    rejection_reason = models.TextField(blank=True)
    hold_reasons = models.JSONField(
        default=list, blank=True, help_text="Why a person must look: a list of code and message."
    )
    is_held = models.BooleanField(default=False)

    location_name = models.CharField(max_length=255, blank=True)
    location_country = models.CharField(max_length=3, blank=True)
    location_postcode = models.CharField(max_length=20, blank=True)
    location_time_zone = models.CharField(max_length=64, blank=True)
    power_type = models.CharField(max_length=50, blank=True)
    started_at = models.DateTimeField("start")
    ended_at = models.DateTimeField("end")

    # The cost as sent; never changed.
    total_cost_excl_vat = Amount("total cost excl. VAT")
    total_cost_incl_vat = Amount("total cost incl. VAT")
    energy_cost_excl_vat = Amount("energy cost excl. VAT")
    energy_cost_incl_vat = Amount("energy cost incl. VAT")
    time_cost_excl_vat = Amount("time cost excl. VAT")
    time_cost_incl_vat = Amount("time cost incl. VAT")
    parking_cost_excl_vat = Amount("parking cost excl. VAT")
    parking_cost_incl_vat = Amount("parking cost incl. VAT")
    fixed_cost_excl_vat = Amount("fixed cost excl. VAT")
    fixed_cost_incl_vat = Amount("fixed cost incl. VAT")
    reservation_cost_excl_vat = Amount("reservation cost excl. VAT")
    reservation_cost_incl_vat = Amount("reservation cost incl. VAT")
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

    ocpi_version = models.CharField(
        "OCPI version", max_length=5, blank=True, help_text="Empty: it didn't come over OCPI."
    )
    tariffs = models.JSONField("tariffs as sent", default=list, blank=True)
    is_credit = models.BooleanField(default=False)
    credit_reference_id = models.CharField(
        max_length=100, blank=True, help_text="The CDR id that a credit CDR takes back."
    )
    remark = models.TextField(blank=True)
    raw = PersonalMessageField("message as received", blank=True)
    content_hash = models.CharField(max_length=64, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_reason = models.TextField(blank=True, editable=False)

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
    # Free text besides: of staff and of operators.
    audit_personal: ClassVar[tuple[str, ...]] = (
        *Charge.audit_personal, "rejection_reason", "deletion_reason", "remark",
    )  # fmt: skip
    audit_personal_told: ClassVar[tuple[str, ...]] = ("reason",)

    class Meta:
        verbose_name = "CDR"
        verbose_name_plural = "CDRs"
        permissions = [("review_cdr", "Can accept and reject CDRs")]
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
            models.Index(fields=["operator", "-ended_at"], name="cdr_of_operator"),
            models.Index(Upper("cdr_id"), name="cdr_by_cdr_id"),
            models.Index(Upper("external_id"), condition=~Q(external_id=""),
                         name="cdr_by_external_id"),
            models.Index(Upper("credit_reference_id"), condition=Q(is_credit=True),
                         name="cdr_credits_of"),
            models.Index(Upper("contract_id"), name="cdr_by_contract"),
            models.Index(Upper("evse_id"), name="cdr_by_evse"),
            models.Index(fields=["session_id"], condition=~Q(session_id=""),
                         name="cdr_by_session"),
            models.Index(fields=["authorization_reference"],
                         condition=~Q(authorization_reference=""), name="cdr_by_authorization"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.party} {self.cdr_id}"

    def cancels(self, cdr: "CDR") -> bool:
        """Whether this credit, which is not refused, leaves nothing of the CDR that it names.

        Also when an amount is not known: OCPI has only credits of a whole CDR (2.2.1, mod_cdrs).
        """
        if not self.is_credit or self.deleted_at or self.status == self.Status.REJECTED:
            return False
        cost, back = cdr.total_cost_excl_vat, self.total_cost_excl_vat
        return cost is None or back is None or cost + back <= 0

    def check_change(
        self, stored: dict[str, Any], fields: "Sequence[models.Field[Any, Any]]"
    ) -> None:
        """Called before any change is written, by save() and bulk_update() alike.

        Raises CdrStatusChangeRefused, CdrPriceFrozen, CdrContentFrozen, CdrDeletionRefused.
        """
        guards.check_change(
            before=stored,
            after={field.attname: getattr(self, field.attname) for field in fields},
            transitions=self.TRANSITIONS,
        )
