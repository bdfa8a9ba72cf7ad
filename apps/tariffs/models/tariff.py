"""What operators ask and what providers ask their drivers, as it was in each period."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from apps.accounts.models import Provider, currency_code
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.errors import DomainError
from apps.locations.models import Operator
from apps.tariffs.ocpi.tariffs import VERSIONS


class TariffVersionKept(DomainError):
    """What a version says can't change: CDRs were priced by it. A new version replaces it."""

    code = "TARIFF_VERSION_KEPT"


class Tariff(AuditedModel):
    """A tariff of an operator (what we pay) or of a provider (what its drivers pay).

    `at_operator` narrows a provider's tariff to charges at one operator.
    """

    operator = models.ForeignKey(
        Operator, on_delete=models.PROTECT, null=True, blank=True, related_name="tariffs"
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="tariffs"
    )
    tariff_id = models.CharField("tariff id", max_length=36, help_text="The owner's id of it.")
    name = models.CharField(max_length=100, blank=True, help_text="For people.")
    at_operator = models.ForeignKey(
        Operator, on_delete=models.PROTECT, null=True, blank=True, related_name="retail_tariffs",
        verbose_name="at operator",
        help_text="Only for charges at this operator; empty: at all that have none of their own.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(operator=None, provider__isnull=False)
                | Q(operator__isnull=False, provider=None, at_operator=None),
                name="tariff_has_one_owner",
            ),
            models.UniqueConstraint(
                "operator", Upper("tariff_id"), condition=Q(provider=None),
                name="tariff_once_per_operator",
            ),
            models.UniqueConstraint(
                "provider", Upper("tariff_id"), condition=Q(operator=None),
                name="tariff_once_per_provider",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.owner} {self.tariff_id}"

    @property
    def owner(self) -> Operator | Provider:
        """Whose tariff it is."""
        owner = self.operator or self.provider
        assert owner is not None  # noqa: S101 - the database makes sure
        return owner

    def audit_provider_id(self) -> Any:
        return self.provider_id


class TariffVersionQuerySet(AuditedQuerySet):
    def standing(self) -> "TariffVersionQuerySet":
        """Those that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def in_force(self, at: datetime) -> "TariffVersionQuerySet":
        """Those that apply at this moment; one per tariff at most."""
        found = self.standing().filter(active_from__lte=at)
        return found.filter(Q(active_to=None) | Q(active_to__gt=at))

    def overlapping(self, start: datetime, end: datetime | None) -> "TariffVersionQuerySet":
        """Those in force at any moment of the period; an end of None is never."""
        found = self.standing().filter(Q(active_to=None) | Q(active_to__gt=start))
        return found if end is None else found.filter(active_from__lt=end)


class TariffVersion(AuditedModel):
    """What a tariff says from one moment to another; never overwritten.

    Only its end can be set or moved, and a planned version can be withdrawn before it begins; it
    stays as a record of what was planned. Two versions of a tariff are never in force together:
    PostgreSQL refuses it by an exclusion constraint, the service everywhere.
    """

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="Counts from 1 in the order of entry.")
    ocpi_version = models.CharField(
        "OCPI version", max_length=5, choices=[(name, name) for name in VERSIONS]
    )
    currency = models.CharField(max_length=3, validators=[currency_code])
    content = models.JSONField(help_text="The tariff as OCPI writes it.", encoder=DjangoJSONEncoder)
    content_hash = models.CharField(max_length=64, editable=False)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(
        null=True, blank=True, help_text="The first moment it is not in force; empty: until ended."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawal_reason = models.CharField(max_length=500, blank=True, editable=False)

    objects: ClassVar[Any] = TariffVersionQuerySet.as_manager()

    audit_unversioned: ClassVar[tuple[str, ...]] = ("content",)
    KEPT: ClassVar[frozenset[str]] = frozenset(
        {"tariff_id", "number", "ocpi_version", "currency", "content", "content_hash",
         "active_from"}
    )  # fmt: skip

    class Meta:
        verbose_name = "tariff version"
        constraints = [
            models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_number_once"),
            models.UniqueConstraint(
                fields=["tariff"], condition=Q(active_to=None, withdrawn_at=None),
                name="tariff_one_open_version",
            ),
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_to__gt=F("active_from")),
                name="tariff_version_period_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawal_reason="")
                | Q(withdrawn_at__lt=F("active_from")) & ~Q(withdrawal_reason=""),
                name="tariff_version_withdrawn_before_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(ocpi_version__in=VERSIONS), name="tariff_version_ocpi_known"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.tariff}, version {self.number}"

    def check_change(
        self, stored: dict[str, Any], fields: "Sequence[models.Field[Any, Any]]"
    ) -> None:
        """Raises TariffVersionKept."""
        if stored["withdrawn_at"] is not None:
            raise TariffVersionKept(
                f"Version {stored['number']} of tariff {self.tariff} was withdrawn and stays so."
            )
        touched = sorted(self.KEPT & {field.attname for field in fields})
        if touched:
            raise TariffVersionKept(
                f"Version {stored['number']} of tariff {self.tariff} is kept as it is "
                f"({', '.join(touched)}); add a new version.",
                fields=touched,
            )
