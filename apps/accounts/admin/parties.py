"""Providers, their VAT numbers, their customers, and what those charge with."""

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import Account, Provider, Token, VatRegistration
from apps.accounts.services.parties import (
    block_token,
    reactivate_account,
    stop_account,
    unblock_token,
)
from apps.core import staff_display
from apps.core.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    Question,
    RelatedDropdownFilter,
    StaffModelAdmin,
    StaffTabularInline,
    staff_action,
)
from apps.core.staff_forms import LinesField


class VatRegistrationInline(StaffTabularInline):
    model = VatRegistration
    fields = ["country", "number", "active_from", "active_to"]


class ProviderForm(forms.ModelForm):
    host_names = LinesField(
        required=False, help_text="One host name of its portal per line: my.ampere.test"
    )


@admin.register(Provider)
class ProviderAdmin(StaffModelAdmin):
    form = ProviderForm
    list_display = ["brand", "legal_name", "slug", "country", "currency", "customers"]
    list_display_links = ["brand"]
    search_fields = ["name", "legal_name", "slug"]
    ordering = ["name"]
    inlines = [VatRegistrationInline]
    fieldsets = [
        ("Brand", {"fields": [("name", "slug"), ("brand_colour", "logo"), "host_names"]}),
        (
            "Legal party",
            {
                "description": "Printed on its invoices.",
                "fields": [
                    ("legal_name", "company_number"), "street", ("postcode", "city", "country"),
                    "support_email",
                ],
            },
        ),
        (
            "Billing",
            {
                "fields": [
                    ("currency", "retail_price_per_kwh"), ("invoice_prefix", "payment_days"),
                    ("iban", "bic"),
                ]
            },
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        return super().get_queryset(request).annotate(account_count=Count("accounts"))

    @admin.display(description="brand", ordering="name")
    def brand(self, provider: Provider) -> SafeString:
        return format_html(
            '<span class="staff-swatch" style="background:{}"></span> {}',
            provider.brand_colour, provider.name,
        )  # fmt: skip

    @admin.display(description="accounts", ordering="account_count")
    def customers(self, provider: Provider) -> SafeString:
        return staff_display.number(f"{provider.account_count:,}")  # type: ignore[attr-defined]


@admin.register(VatRegistration)
class VatRegistrationAdmin(StaffModelAdmin):
    list_display = ["number", "country", "provider", "active_from", "active_to"]
    list_filter = [("provider", RelatedDropdownFilter), "country"]
    list_select_related = ["provider"]
    search_fields = ["number"]
    autocomplete_fields = ["provider"]
    ordering = ["provider__name", "country"]


class AccountForm(forms.ModelForm):
    vat_ids = LinesField(
        label="VAT ids", required=False,
        help_text="One per line, with the country's prefix: NL123456789B01",
    )  # fmt: skip


class TokenInline(StaffTabularInline):
    model = Token
    fields = ["contract_id", "uid", "kind", "is_valid"]


@admin.register(Account)
class AccountAdmin(StaffModelAdmin):
    form = AccountForm
    list_display = [
        "number", "name", "provider",
        staff_display.badges("kind", {"BUSINESS": "info"}),
        staff_display.badges("status", {"ACTIVE": "good", "STOPPED": "bad"}),
        "city", "country", "email",
    ]  # fmt: skip
    list_filter = [
        ("provider", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        "country",
    ]
    list_select_related = ["provider"]
    search_fields = ["number", "name", "email", "tokens__contract_id"]
    search_help_text = "Number, name, e-mail or contract id"
    autocomplete_fields = ["provider"]
    ordering = ["number"]
    inlines = [TokenInline]
    readonly_fields = [staff_display.badges("status", {"ACTIVE": "good", "STOPPED": "bad"})]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("provider", "number"), ("name", "kind"), ("email", "language"),
                    readonly_fields[0],
                ]
            },
        ),
        ("Address", {"fields": ["street", ("postcode", "city", "country")]}),
        ("VAT", {"fields": ["vat_ids"]}),
    ]  # fmt: skip
    actions_detail = ["stop", "reactivate"]

    @staff_action(
        "Stop", permission="accounts.change_account", icon="block",
        when=lambda account: account.status == Account.Status.ACTIVE,
        question=Question(
            "Stop this account", "Its customer can't charge any more. What is unbilled is billed.",
            danger=True,
        ),
    )  # fmt: skip
    def stop(self, request: HttpRequest, account: Account, reason: str) -> str:
        stop_account(account=account, reason=reason)
        return f"{account} is stopped."

    @staff_action(
        "Reactivate", permission="accounts.change_account", icon="check_circle",
        when=lambda account: account.status == Account.Status.STOPPED,
        question=Question("Reactivate this account", "Its customer can charge again."),
    )  # fmt: skip
    def reactivate(self, request: HttpRequest, account: Account, reason: str) -> str:
        reactivate_account(account=account, reason=reason)
        return f"{account} is active again."


@admin.register(Token)
class TokenAdmin(StaffModelAdmin):
    list_display = ["contract_id", "uid", "kind", "account", "provider_name", "validity"]
    list_filter = [
        ("account__provider", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("is_valid", BooleanRadioFilter),
        ("account", AutocompleteSelectFilter),
    ]
    list_select_related = ["account__provider"]
    search_fields = ["contract_id", "uid", "visual_number", "account__number", "account__name"]
    search_help_text = "Contract id, uid, card number or customer"
    autocomplete_fields = ["account"]
    ordering = ["contract_id"]
    readonly_fields = ["validity"]
    fields = [("contract_id", "uid"), ("kind", "visual_number"), "account", "validity"]
    actions_detail = ["block", "unblock"]

    @admin.display(description="provider", ordering="account__provider__name")
    def provider_name(self, token: Token) -> str:
        return token.account.provider.name

    @admin.display(description="state", ordering="is_valid")
    def validity(self, token: Token) -> SafeString:
        if token.is_valid:
            return staff_display.badge("Valid", "good")
        return staff_display.badge("Blocked", "bad")

    @staff_action(
        "Block", permission="accounts.change_token", icon="block",
        when=lambda token: token.is_valid,
        question=Question("Block this token", "Nobody can charge with it any more.", danger=True),
    )  # fmt: skip
    def block(self, request: HttpRequest, token: Token, reason: str) -> str:
        block_token(token=token, reason=reason)
        return f"{token} is blocked."

    @staff_action(
        "Unblock", permission="accounts.change_token", icon="check_circle",
        when=lambda token: not token.is_valid,
        question=Question("Unblock this token", "Its owner can charge with it again."),
    )  # fmt: skip
    def unblock(self, request: HttpRequest, token: Token, reason: str) -> str:
        unblock_token(token=token, reason=reason)
        return f"{token} is valid again."
