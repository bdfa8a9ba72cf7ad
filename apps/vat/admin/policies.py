"""What providers chose, and what is known of operators."""

from django import forms
from django.contrib import admin

from apps.core.admin import StaffModelAdmin
from apps.core.staff_forms import LinesField
from apps.vat.models import OperatorVatProfile, VatPolicy


@admin.register(VatPolicy)
class VatPolicyAdmin(StaffModelAdmin):
    list_display = ["provider", "rc_scope", "subscription_b2c", "oss_registered"]
    list_select_related = ["provider"]
    search_fields = ["provider__name"]
    autocomplete_fields = ["provider"]
    ordering = ["provider__name"]


class OperatorVatProfileForm(forms.ModelForm):
    vat_registrations = LinesField(
        label="VAT registrations", required=False,
        help_text="Countries it has VAT numbers of, one per line: NL",
    )  # fmt: skip


@admin.register(OperatorVatProfile)
class OperatorVatProfileAdmin(StaffModelAdmin):
    form = OperatorVatProfileForm
    list_display = ["operator", "country", "is_dealer"]
    list_select_related = ["operator"]
    search_fields = ["operator__name", "operator__party_id"]
    autocomplete_fields = ["operator"]
    ordering = ["operator__name"]
    fields = ["operator", "country", "vat_registrations", "is_dealer"]
