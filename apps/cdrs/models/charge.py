"""What a live session and its final record have in common."""

from typing import ClassVar
from uuid import UUID

from django.db import models

from apps.accounts.models import Account, Provider, Token, currency_code
from apps.audit.models import AuditedModel
from apps.audit.personal import person_of_token
from apps.locations.models import Location, Operator


class Amount(models.DecimalField):
    """Money as sent or as computed, before the one rounding: 10 decimals, not yet minor units."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 20)
        kwargs.setdefault("decimal_places", 10)
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class ChargeSource(models.TextChoices):
    """Through which door it came."""

    OCPI = "OCPI", "OCPI"
    HUB = "HUB", "Hub"
    IMPORT = "IMPORT", "Import"
    MANUAL = "MANUAL", "Manual"


class Charge(AuditedModel):
    """What a session and a CDR have in common: whose charge, where, and its OCPI identity."""

    source = models.CharField(max_length=10, choices=ChargeSource)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    contract_id = models.CharField(max_length=100, blank=True)
    token_uid = models.CharField("token UID", max_length=100, blank=True)
    token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, blank=True)
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, null=True, blank=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, null=True, blank=True)
    location_id_sent = models.CharField("location id as sent", max_length=100, blank=True)
    evse_uid = models.CharField("EVSE uid", max_length=100, blank=True)
    evse_id = models.CharField("EVSE id", max_length=100, blank=True)
    connector_id = models.CharField(max_length=100, blank=True)
    authorization_reference = models.CharField(max_length=100, blank=True)
    kwh = models.DecimalField("energy (kWh)", max_digits=20, decimal_places=10, default=0)
    currency = models.CharField(max_length=3, blank=True, validators=[currency_code])
    charging_periods = models.JSONField(
        default=list,
        blank=True,
        help_text="As OCPI: start_date_time, dimensions (type, volume as text), tariff_id.",
    )

    # Whoever it was: known by the contract, before we know whose contract it is.
    audit_personal: ClassVar[tuple[str, ...]] = (
        "contract_id", "token_uid", "authorization_reference",
    )  # fmt: skip

    class Meta:
        abstract = True

    def audit_person_id(self) -> UUID | None:
        """The driver; once they are erased and no contract is left, the account, also erased."""
        return person_of_token(self.contract_id, self.token_uid) or self.account_id

    @property
    def party(self) -> str:
        """The operator's OCPI party: NL*EFL."""
        return f"{self.country_code}*{self.party_id}"
