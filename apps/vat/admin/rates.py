"""The editor of VAT rates: a new rate begins on a day and ends the one before it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.audit.context import current_actor
from apps.core import staff_display
from apps.core.admin import ChoicesDropdownFilter, StaffModelAdmin
from apps.vat.models import VatRate
from apps.vat.rates import RateKind
from apps.vat.services import change_rate, correct_rate, end_charging_rate


class VatRateForm(forms.ModelForm):
    """A rate with the reason for the trail; the period before it ends by itself."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput(attrs={"class": "staff-input"}),
        help_text="Why, for the audit trail: the law or ruling that says so.",
    )

    class Meta:
        model = VatRate
        fields = ["territory", "kind", "rate", "valid_from", "valid_to", "source", "note"]


@admin.register(VatRate)
class VatRateAdmin(StaffModelAdmin):
    form = VatRateForm
    list_display = ["territory", "kind", "per_cent", "valid_from", "valid_to", "source", "note"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    search_fields = ["territory", "source", "note"]
    search_help_text = "Territory (DE, PT-30), source or note"
    ordering = ["territory", "kind", "-valid_from"]

    @admin.display(description="rate", ordering="rate")
    def per_cent(self, row: VatRate) -> SafeString:
        return staff_display.number(f"{row.rate.normalize():f} %")

    def get_fields(self, request: HttpRequest, obj: VatRate | None = None) -> Any:
        """Of a new rate no end is asked: it lasts until the next one begins."""
        end = ["valid_to"] if obj else []
        return [("territory", "kind"), ("rate", "valid_from", *end), "source", "note", "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: VatRate | None = None) -> Any:
        if obj is None:
            return []
        may_end = obj.kind == RateKind.EV_CHARGING and obj.valid_to is None
        return ["territory", "kind", "valid_from", *([] if may_end else ["valid_to"])]

    def save_model(self, request: HttpRequest, obj: VatRate, form: Any, change: bool) -> None:
        said = {"actor": current_actor(), "reason": form.cleaned_data["reason"]}
        if not change:
            row = change_rate(
                territory=obj.territory, kind=RateKind(obj.kind), rate=obj.rate,
                valid_from=obj.valid_from, source=obj.source, note=obj.note, **said,
            )  # fmt: skip
            obj.pk, obj._state.adding = row.pk, False
            return
        correct_rate(rate_row=obj, rate=obj.rate, source=obj.source, note=obj.note, **said)
        if "valid_to" in form.changed_data and obj.valid_to:
            end_charging_rate(territory=obj.territory, valid_to=obj.valid_to, **said)
