"""How providers and operators stand towards VAT, where their records alone don't tell."""

from django.core.exceptions import ValidationError
from django.db import models

from apps.accounts.models import Provider, country_code
from apps.audit.models import AuditedModel
from apps.vat.facts import Policy, PrivateSubscription, ReverseScope
from apps.vat.facts_json import InvalidFacts, read_policy


def validate_scopes(scopes: object) -> None:
    """Countries with `identified` or `any_business`."""
    try:
        read_policy({"rc_scope": scopes})
    except InvalidFacts as error:
        raise ValidationError(error.message) from None


class VatPolicy(AuditedModel):
    """What a provider chose where the law leaves a choice; without a row the law's own default."""

    class Subscription(models.TextChoices):
        ART58 = PrivateSubscription.ART58.value, "Where the customer lives (art. 58)"
        ART45 = PrivateSubscription.ART45.value, "Where the seller is (art. 45)"

    provider = models.OneToOneField(Provider, on_delete=models.PROTECT, related_name="vat_policy")
    rc_scope = models.JSONField(
        "reverse charge scope", default=dict, blank=True, validators=[validate_scopes],
        help_text='Per country who owes the tax: {"DE": "any_business", "FR": "identified"}.',
    )  # fmt: skip
    subscription_b2c = models.CharField(
        "private subscriptions abroad", max_length=5, choices=Subscription,
        default=Subscription.ART58,
    )  # fmt: skip
    oss_registered = models.BooleanField(
        "in the Union one-stop shop", default=True,
        help_text="Private customers abroad are then reported at home (charging from 2027 on).",
    )  # fmt: skip

    class Meta:
        verbose_name = "VAT policy"
        verbose_name_plural = "VAT policies"

    def __str__(self) -> str:
        return f"VAT policy of {self.provider}"

    def as_policy(self) -> Policy:
        return Policy(
            rc_scope={code: ReverseScope(scope) for code, scope in self.rc_scope.items()},
            subscription_b2c=PrivateSubscription(self.subscription_b2c),
            oss_registered=self.oss_registered,
        )


class OperatorVatProfile(AuditedModel):
    """What decides the VAT on what an operator sells us; without a row its OCPI party's country."""

    operator = models.OneToOneField(
        "locations.Operator", on_delete=models.PROTECT, related_name="vat_profile"
    )
    country = models.CharField(
        max_length=2, validators=[country_code], help_text="Where the operator is seated."
    )
    vat_registrations = models.JSONField(
        "VAT registrations", default=list, blank=True,
        help_text='Countries it has VAT numbers of: ["NL", "DE"].',
    )  # fmt: skip
    is_dealer = models.BooleanField(
        "mainly resells electricity", null=True, blank=True,
        help_text="A taxable dealer (art. 38); Germany and France ask until the end of 2026.",
    )  # fmt: skip

    class Meta:
        verbose_name = "operator's VAT profile"

    def __str__(self) -> str:
        return f"VAT profile of {self.operator}"
