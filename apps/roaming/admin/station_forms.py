"""What staff are asked before a request goes to a peer's station."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from apps.core.errors import DomainError
from apps.locations.models import Evse
from apps.remote_sessions.services.finding import find_connector, find_evse, find_token
from apps.roaming.services.finding import Way, way_to_session

INPUT = {"class": "staff-input"}


class RequestForm(forms.Form):
    """Each request needs a reason, asked last."""

    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 3, **INPUT}),
        help_text="Kept in the audit trail, and shown to whoever looks at this later.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "reason"])


class EvseForm(RequestForm):
    """A request that goes to an EVSE."""

    evse = forms.CharField(
        label="EVSE", max_length=48, widget=forms.TextInput(attrs=INPUT),
        help_text="EVSE id, for example NL*CPO*E12*1.",
    )  # fmt: skip

    def clean_evse(self) -> Evse:
        try:
            return find_evse(text=self.cleaned_data["evse"])
        except DomainError as error:
            raise forms.ValidationError(error.message) from error


class ReserveForm(EvseForm):
    """For whom, where, and how long."""

    token = forms.CharField(
        max_length=36, widget=forms.TextInput(attrs=INPUT),
        help_text="The driver's contract id or card number.",
    )  # fmt: skip
    minutes = forms.IntegerField(
        label="For how many minutes", min_value=1, max_value=24 * 60, initial=30,
        widget=forms.NumberInput(attrs=INPUT),
    )  # fmt: skip

    def clean_token(self) -> Any:
        try:
            return find_token(text=self.cleaned_data["token"], provider=None)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error


class UnlockForm(EvseForm):
    """Which plug hangs."""

    connector = forms.CharField(
        max_length=36, widget=forms.TextInput(attrs=INPUT), initial="1",
        help_text="Its number at the EVSE, mostly 1.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "evse" in values and "connector" in values:
            try:
                values["connector"] = find_connector(evse=values["evse"], text=values["connector"])
            except DomainError as error:
                self.add_error("connector", error.message)
        return values


class SessionForm(RequestForm):
    """A request about a charge that goes on."""

    session = forms.CharField(
        label="Session", max_length=36, widget=forms.TextInput(attrs=INPUT),
        help_text="As its operator calls it.",
    )  # fmt: skip
    operator = forms.CharField(
        required=False, max_length=6, widget=forms.TextInput(attrs=INPUT),
        help_text="NL*CPO; only when several operators use the same id.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "session" in values:
            try:
                values["way"] = self._way(values)
            except DomainError as error:
                self.add_error("session", error.message)
        return values

    def _way(self, values: dict[str, Any]) -> Way:
        return way_to_session(values["session"], operator=values.get("operator", ""))


class SetProfileForm(SessionForm):
    """The most that the charge may draw."""

    limit = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(1_000_000), max_digits=8, decimal_places=1,
        widget=forms.NumberInput(attrs=INPUT), help_text="0 pauses the charge.",
    )  # fmt: skip
    unit = forms.ChoiceField(
        choices=[("W", "Watt"), ("A", "Ampere per phase")], widget=forms.Select(attrs=INPUT)
    )
    minutes = forms.IntegerField(
        label="For how many minutes", required=False, min_value=1, max_value=7 * 24 * 60,
        widget=forms.NumberInput(attrs=INPUT), help_text="Empty: until the charge ends.",
    )  # fmt: skip


class AskProfileForm(SessionForm):
    """How far ahead."""

    minutes = forms.IntegerField(
        label="Of the next minutes", min_value=1, max_value=24 * 60, initial=60,
        widget=forms.NumberInput(attrs=INPUT),
    )  # fmt: skip


class PreferencesForm(SessionForm):
    """What the driver wants (`mod_sessions`, ChargingPreferences)."""

    PROFILES: ClassVar[list[tuple[str, str]]] = [
        ("CHEAP", "Cheap"), ("FAST", "Fast"), ("GREEN", "Green"), ("REGULAR", "Regular"),
    ]  # fmt: skip
    profile_type = forms.ChoiceField(
        label="Charge", choices=PROFILES, widget=forms.Select(attrs=INPUT)
    )
    departure_time = forms.DateTimeField(
        label="Departure (UTC)", required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", **INPUT}),
    )  # fmt: skip
    energy_need = forms.DecimalField(
        label="Energy needed (kWh)", required=False, min_value=Decimal(0), max_digits=7,
        decimal_places=2, widget=forms.NumberInput(attrs=INPUT),
    )  # fmt: skip
    discharge_allowed = forms.BooleanField(
        label="The car may be discharged", required=False, widget=forms.CheckboxInput()
    )
