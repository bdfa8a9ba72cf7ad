"""Who takes part: providers, their customers, users, API credentials and charge tokens."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Upper

from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.fields import PersonalTextField
from apps.audit.models import AuditedModel, AuditedQuerySet
from apps.core.models import BaseModel
from apps.core.money import CURRENCIES

country_code = RegexValidator(r"^[A-Z]{2}$", "Two capital letters, as in ISO 3166-1: NL, GB, DE.")
currency_code = RegexValidator(
    rf"^({'|'.join(sorted(CURRENCIES))})$", "An ISO 4217 currency code: EUR, GBP, NOK."
)
# How contract id and uid of an erased driver's token begin.
ERASED_DRIVER: Final = "ERASED-"
colour_code = RegexValidator(r"^#[0-9a-fA-F]{6}$", "A colour like #0a7d4f.")


class Address(models.Model):
    """Where a party is seated; printed on invoices, and decides VAT."""

    street = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, validators=[country_code])

    class Meta:
        abstract = True

    def address_lines(self) -> list[str]:
        """The address as on an envelope, without empty lines."""
        town = " ".join(part for part in (self.postcode, self.city) if part)
        return [line for line in (self.street, town, self.country) if line]


class Provider(AuditedModel, Address):
    """A whitelabel customer of the platform: own brand, own drivers, own invoices."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100, help_text="The brand that drivers know.")
    legal_name = models.CharField(max_length=200)
    company_number = models.CharField(max_length=50, blank=True)
    currency = models.CharField(
        max_length=3, validators=[currency_code], help_text="What its drivers pay in by default."
    )
    brand_colour = models.CharField(max_length=7, default="#047857", validators=[colour_code])
    logo = models.ImageField(upload_to="logos/", blank=True)
    host_names = models.JSONField(
        default=list, blank=True, help_text="Host names of its portal, for example my.ampere.test."
    )
    support_email = models.EmailField(blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    payment_days = models.PositiveSmallIntegerField(
        default=14, help_text="Days a customer has to pay an invoice."
    )
    invoice_prefix = models.CharField(
        max_length=10, unique=True, validators=[RegexValidator(r"^[A-Z0-9]{1,10}$")],
        help_text="Begins each invoice number of the provider: AMP gives AMP-2018-00001.",
    )  # fmt: skip
    retail_price_per_kwh = models.DecimalField(
        "retail price per kWh", max_digits=12, decimal_places=6, null=True, blank=True,
        help_text="Net price per kWh that drivers pay; empty: the operator's cost is passed on.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retail_price_per_kwh=None)
                | models.Q(retail_price_per_kwh__gte=0),
                name="provider_retail_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def audit_provider_id(self) -> Any:
        return self.pk


class VatRegistration(AuditedModel):
    """A VAT number of a provider, in one country, while it is valid."""

    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="vat_registrations"
    )
    country = models.CharField(max_length=2, validators=[country_code])
    number = models.CharField(max_length=20)
    active_from = models.DateField(null=True, blank=True)
    active_to = models.DateField(null=True, blank=True, help_text="The first day it is not valid.")

    class Meta:
        verbose_name = "VAT registration"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "country", "number"], name="vat_registration_once"
            ),
            models.CheckConstraint(
                condition=models.Q(active_to=None)
                | models.Q(active_from=None)
                | models.Q(active_to__gt=models.F("active_from")),
                name="vat_registration_period_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.number}"


class Account(AuditedModel, Address):
    """A customer of a provider, who is invoiced."""

    class Kind(models.TextChoices):
        PRIVATE = "PRIVATE", "Private person"
        BUSINESS = "BUSINESS", "Business"

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        STOPPED = "STOPPED", "Stopped"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="accounts")
    number = models.CharField(max_length=30, help_text="Customer number, unique at the provider.")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, default="en")
    vat_ids = models.JSONField(
        "VAT ids", default=list, blank=True, help_text="With country prefix: NL123456789B01."
    )

    audit_personal: ClassVar[tuple[str, ...]] = (
        "name", "email", "street", "postcode", "city", "vat_ids",
    )  # fmt: skip
    audit_personal_label: ClassVar[bool] = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "number"], name="account_number_once"),
        ]
        # A change of an account is one of its tokens, for peers.
        indexes = [models.Index(fields=["updated_at"], name="account_by_change")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def audit_account_id(self) -> Any:
        return self.pk


class UserManager(BaseUserManager["User"].from_queryset(AuditedQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin, AuditedModel):
    """A person who logs in: staff, or a user of one provider's portal. Never deleted."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="users",
        help_text="Portal users belong to one provider; staff to none.",
    )  # fmt: skip
    is_staff = models.BooleanField(
        "staff", default=False, help_text="Uses this admin; the roles say for what."
    )
    roles = models.JSONField(
        default=list, blank=True, help_text="Of the staff; the groups of the same names follow."
    )
    is_active = models.BooleanField(default=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    audit_secret: ClassVar[tuple[str, ...]] = ("password",)
    audit_ignored: ClassVar[tuple[str, ...]] = ("last_login",)
    audit_personal: ClassVar[tuple[str, ...]] = ("email", "name")
    audit_personal_label: ClassVar[bool] = True

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | models.Q(provider=None),
                name="user_staff_belong_to_no_provider",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name

    def audit_person_id(self) -> UUID | None:
        return self.pk

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's; a hash that became too weak is renewed in this user's own name."""

        def renew(password: str) -> None:
            self.set_password(password)
            self._password = None  # Not a new password: nothing for the validators.
            change = change_of("renewed password hash", actor=Actor.user(self))
            self.save(update_fields=["password"], audit_change=change)

        return check_password(raw_password, self.password, renew)


class CredentialQuerySet(AuditedQuerySet):
    def usable(self, *, now: Any) -> "CredentialQuerySet":
        """Neither revoked nor expired."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked_at=None
        )


class Credential(AuditedModel):
    """An API key of a provider or of a roaming party; the secret itself is never stored."""

    class Scope(models.TextChoices):
        CDRS_READ = "cdrs:read", "Read CDRs"
        CDRS_WRITE = "cdrs:write", "Post CDRs"
        CDRS_REVIEW = "cdrs:review", "Accept and reject CDRs"
        SESSIONS_READ = "sessions:read", "Read sessions"
        SESSIONS_WRITE = "sessions:write", "Start and stop sessions"
        INVOICES_READ = "invoices:read", "Read invoices"
        TARIFFS_READ = "tariffs:read", "Read tariff notes"

    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="credentials"
    )
    operator_party = models.CharField(
        max_length=6, blank=True, help_text="OCPI party of a roaming peer, for example NL*EFL."
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[Any] = CredentialQuerySet.as_manager()

    audit_secret: ClassVar[tuple[str, ...]] = ("secret_hash",)
    audit_ignored: ClassVar[tuple[str, ...]] = ("last_used_at",)

    class Meta:
        verbose_name = "API credential"
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(provider__isnull=False) & models.Q(operator_party=""))
                | (models.Q(provider__isnull=True) & ~models.Q(operator_party="")),
                name="credential_of_provider_or_party",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class IdempotencyKey(BaseModel):
    """A request that a credential sent under its own key; no `status` yet: still worked on."""

    credential = models.ForeignKey(
        Credential, on_delete=models.PROTECT, related_name="idempotency_keys"
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    claimed_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = PersonalTextField(blank=True)
    headers = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "key"], name="idempotency_key_once"),
        ]
        indexes = [models.Index(fields=["claimed_at"], name="idempotency_key_by_age")]

    def __str__(self) -> str:
        return self.key


class TokenQuerySet(AuditedQuerySet):
    """Tokens, among them those of erased drivers, which name nothing any more."""

    def named(self) -> "TokenQuerySet":
        return self.exclude(contract_id__startswith=ERASED_DRIVER)


class Token(AuditedModel):
    """What a driver charges with: a card or an app token, known by its contract id."""

    class Kind(models.TextChoices):
        RFID = "RFID", "RFID card"
        APP_USER = "APP_USER", "App"
        AD_HOC_USER = "AD_HOC_USER", "Ad hoc"
        OTHER = "OTHER", "Other"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    contract_id = models.CharField(max_length=36, help_text="For example NL-EFL-C00000001-X.")
    uid = models.CharField(max_length=36, help_text="What the station reads.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.RFID)
    visual_number = models.CharField(max_length=64, blank=True)
    is_valid = models.BooleanField(default=True)

    objects: ClassVar[Any] = TokenQuerySet.as_manager()

    audit_personal: ClassVar[tuple[str, ...]] = ("contract_id", "uid", "visual_number")
    audit_personal_label: ClassVar[bool] = True

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("contract_id"), name="token_contract_id_once"),
            models.UniqueConstraint(Upper("uid"), name="token_uid_once"),
        ]
        # Peers ask for what changed since they asked last.
        indexes = [models.Index(fields=["updated_at"], name="token_by_change")]

    def __str__(self) -> str:
        return self.contract_id

    def audit_provider_id(self) -> Any:
        return self.account.provider_id
