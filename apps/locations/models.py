"""Where drivers charge: operators, their locations, EVSEs and connectors."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Upper

from apps.accounts.models import country_code
from apps.audit.models import AuditedModel


def validate_time_zone(name: str) -> None:
    """A name of the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"{name} is no IANA time zone; for example Europe/Amsterdam.")


class Operator(AuditedModel):
    """A charge point operator: an OCPI party with the role CPO."""

    country_code = models.CharField(max_length=2, validators=[country_code])
    party_id = models.CharField(
        max_length=3, validators=[RegexValidator(r"^[A-Z0-9]{3}$", "Three letters or digits.")]
    )
    name = models.CharField(max_length=200)
    sends_cdrs = models.BooleanField(
        "sends CDRs", default=True, help_text="Off for the few operators that never send a CDR."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Upper("country_code"), Upper("party_id"), name="operator_party_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party} {self.name}"

    @property
    def party(self) -> str:
        """The OCPI party as people write it: NL*EFL."""
        return f"{self.country_code}*{self.party_id}"


class Location(AuditedModel):
    """A group of EVSEs at one address, as its operator published it."""

    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="locations")
    location_id = models.CharField(max_length=39, help_text="The operator's id of the location.")
    name = models.CharField(max_length=255, blank=True)
    street = models.CharField(max_length=255, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, blank=True, validators=[country_code])
    time_zone = models.CharField(max_length=50, blank=True, validators=[validate_time_zone])
    latitude = models.DecimalField(
        max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )  # fmt: skip
    longitude = models.DecimalField(
        max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )  # fmt: skip

    is_published = models.BooleanField(
        "published", default=True,
        help_text="Off: its operator wants it in no app and on no website; charging is possible.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint("operator", Upper("location_id"), name="location_id_once"),
            models.CheckConstraint(
                condition=models.Q(latitude=None) | models.Q(latitude__range=(-90, 90)),
                name="location_latitude_on_earth",
            ),
            models.CheckConstraint(
                condition=models.Q(longitude=None) | models.Q(longitude__range=(-180, 180)),
                name="location_longitude_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.location_id


class Evse(AuditedModel):
    """One charging point: charges one car at a time."""

    class Status(models.TextChoices):
        AVAILABLE = "AVAILABLE", "Available"
        BLOCKED = "BLOCKED", "Blocked"
        CHARGING = "CHARGING", "Charging"
        INOPERATIVE = "INOPERATIVE", "Inoperative"
        OUTOFORDER = "OUTOFORDER", "Out of order"
        PLANNED = "PLANNED", "Planned"
        REMOVED = "REMOVED", "Removed"
        RESERVED = "RESERVED", "Reserved"
        UNKNOWN = "UNKNOWN", "Unknown"

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="evses")
    uid = models.CharField(max_length=39, help_text="The operator's id, unique at the operator.")
    evse_id = models.CharField(
        "EVSE id", max_length=48, blank=True, help_text="eMI3 form: NL*EFL*E0012*1."
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.UNKNOWN)

    class Meta:
        verbose_name = "EVSE"
        constraints = [
            models.UniqueConstraint("location", Upper("uid"), name="evse_uid_once"),
        ]
        indexes = [models.Index(Upper("evse_id"), name="evse_by_evse_id")]

    def __str__(self) -> str:
        return self.evse_id or self.uid


class Connector(AuditedModel):
    """A plug of an EVSE."""

    class PowerType(models.TextChoices):
        AC_1_PHASE = "AC_1_PHASE", "AC, one phase"
        AC_2_PHASE = "AC_2_PHASE", "AC, two phases"
        AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT", "AC, split phase"
        AC_3_PHASE = "AC_3_PHASE", "AC, three phases"
        DC = "DC", "DC"

    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, related_name="connectors", verbose_name="EVSE"
    )
    connector_id = models.CharField(max_length=36)
    standard = models.CharField(max_length=30, blank=True, help_text="For example IEC_62196_T2.")
    power_type = models.CharField(max_length=20, choices=PowerType, blank=True)
    max_power_watt = models.PositiveIntegerField("maximum power (W)", null=True, blank=True)
    is_removed = models.BooleanField(
        "removed", default=False, help_text="Its operator lists it no more."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("evse", Upper("connector_id"), name="connector_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.evse} / {self.connector_id}"
