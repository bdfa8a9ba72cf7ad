"""What staff are asked before a start, and before attaching by hand."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models.functions import Upper
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.cdrs.models import CDR
from apps.core.errors import DomainError
from apps.locations.models import Evse
from apps.payments.psp import default_name
from apps.payments.sandbox_psp import DECLINED_METHOD, SandboxPsp
from apps.payments.services import last_card
from apps.remote_sessions.services.finding import find_evse, find_token

# The suggestions of the EVSE field; any known EVSE id may be typed.
SUGGESTIONS = 100
INPUT: Final = {"class": "staff-input"}


class EvseInput(forms.TextInput):
    """A text field that suggests the EVSEs of the simulated operator first, then others."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attrs = {**(attrs or {}), "list": "evse-suggestions"}
        field = super().render(name, value, attrs, renderer)
        options = [
            format_html("<option value='{}'>{}</option>", evse.evse_id, evse.location)
            for evse in _suggested()
        ]
        return SafeString(f"{field}<datalist id='evse-suggestions'>{''.join(options)}</datalist>")


def _suggested() -> list[Evse]:
    country, _, party = settings.SIMULATED_OPERATOR_PARTY.partition("*")
    known = Evse.objects.exclude(evse_id="").select_related("location")
    simulated = known.filter(
        location__operator__country_code=country, location__operator__party_id=party
    )
    return [*simulated.order_by("evse_id")[:SUGGESTIONS]] or [*known[:SUGGESTIONS]]


class StartForm(forms.Form):
    """Whose charge, where, and how much is blocked before."""

    token = forms.CharField(
        max_length=36, widget=forms.TextInput(attrs=INPUT),
        help_text="Contract id or card number, for example NL-AMP-C00001001-1.",
    )  # fmt: skip
    evse = forms.CharField(
        label="EVSE", max_length=48, widget=EvseInput(attrs=INPUT),
        help_text="EVSE id; the simulated operator's are suggested, for example NL*SIM*EC1.",
    )  # fmt: skip
    amount = forms.DecimalField(
        label="Block on the driver's card", required=False, min_value=Decimal("0.01"),
        max_digits=10, decimal_places=2, initial=Decimal(50),
        widget=forms.NumberInput(attrs=INPUT),
        help_text="In the provider's currency; empty: nothing is blocked or captured.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._psp = default_name()
        self.fields |= _card_fields(self._psp)

    def clean_token(self) -> Any:
        try:
            return find_token(text=self.cleaned_data["token"], provider=None)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean_evse(self) -> Evse:
        try:
            return find_evse(text=self.cleaned_data["evse"])
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        token, card = values.get("token"), values.get("card")
        if token is None or not values.get("amount") or card:
            return values
        known = last_card(account=token.account, psp=self._psp)
        if known is None:
            self.add_error("card", "This driver has paid with no card yet: give its id.")
        else:
            values |= {"card": known.payment_method, "customer": known.customer_reference}
        return values


def _card_fields(psp: str) -> dict[str, forms.Field]:
    """The sandbox has two cards; a real PSP has the driver's."""
    if psp == SandboxPsp.name:
        choices = [("sandbox_card", "Sandbox card that works"),
                   (DECLINED_METHOD, "Sandbox card that is declined")]  # fmt: skip
        return {
            "card": forms.ChoiceField(
                choices=choices, widget=forms.Select(attrs=INPUT),
                help_text="Payments go to the sandbox: no money moves.",
            )
        }  # fmt: skip
    return {
        "card": forms.CharField(
            max_length=100, required=False, widget=forms.TextInput(attrs=INPUT),
            help_text=f"The id of the driver's payment method at {psp} (Stripe: pm_…); empty: the "
            "card of the driver's last payment.",
        ),
        "customer": forms.CharField(
            max_length=100, required=False, widget=forms.TextInput(attrs=INPUT),
            help_text=f"The driver's id at {psp} (Stripe: cus_…), where the card belongs to one.",
        ),
    }  # fmt: skip


class AttachForm(forms.Form):
    """The CDR that belongs to a remote session, and why."""

    cdr_id = forms.CharField(
        label="CDR id", max_length=100, widget=forms.TextInput(attrs=INPUT),
        help_text="As the operator sent it.",
    )  # fmt: skip
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 3, "class": "staff-input"}),
        help_text="Kept in the audit trail, and shown to whoever looks at this later.",
    )  # fmt: skip

    def __init__(self, *args: Any, operator: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._operator = operator

    def clean_cdr_id(self) -> CDR:
        wanted = self.cleaned_data["cdr_id"].strip().upper()
        cdrs = CDR.objects.live().alias(number=Upper("cdr_id"))
        found: CDR | None = cdrs.filter(number=wanted, operator=self._operator).first()
        if found is None:
            raise forms.ValidationError(f"{self._operator} sent no CDR with this id.")
        return found
