"""API credentials: issued here, shown once, revoked here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import Credential
from apps.accounts.services import issue_credential, revoke_credential
from apps.accounts.services.credentials import check_owner, check_scopes
from apps.core import staff_display
from apps.core.admin import (
    Question,
    RelatedDropdownFilter,
    StaffModelAdmin,
    UnfoldAdminCheckboxSelectMultipleWidget,
    staff_action,
)
from apps.core.errors import DomainError


class CredentialForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=Credential.Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        provider, party = data.get("provider"), data.get("operator_party", "")
        try:
            check_owner(provider=provider, operator_party=party)
            check_scopes(scopes=data.get("scopes", []), for_peer=provider is None)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return data


@admin.register(Credential)
class CredentialAdmin(StaffModelAdmin):
    form = CredentialForm
    list_display = ["name", "prefix", "owner", "may", "state", "expires_at", "last_used_at"]
    list_filter = [("provider", RelatedDropdownFilter)]
    list_select_related = ["provider"]
    search_fields = ["name", "prefix", "operator_party"]
    autocomplete_fields = ["provider"]
    ordering = ["-created_at"]
    add_fieldsets = [
        (None, {"fields": ["name", "scopes", "expires_at"]}),
        (
            "Owner",
            {
                "description": "Either a provider, or the OCPI party of a roaming peer.",
                "fields": [("provider", "operator_party")],
            },
        ),
    ]
    fields = ["name", "prefix", "owner", "may", "state", "expires_at", "last_used_at"]
    actions_detail = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a credential may do is fixed when it is issued; for more, issue another."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        issued = issue_credential(
            name=data["name"], scopes=data["scopes"], provider=data["provider"],
            operator_party=data["operator_party"], expires_at=data["expires_at"],
        )  # fmt: skip
        form.instance.__dict__.update(issued.credential.__dict__)
        messages.warning(
            request,
            format_html(
                "Copy the credential now; it is not shown again: <code>{}</code>", issued.text
            ),
        )

    @admin.display(description="owner")
    def owner(self, credential: Credential) -> str:
        return str(credential.provider or credential.operator_party)

    @admin.display(description="scopes")
    def may(self, credential: Credential) -> str:
        return ", ".join(credential.scopes)

    @admin.display(description="state")
    def state(self, credential: Credential) -> SafeString:
        if credential.revoked_at is not None:
            return staff_display.badge("Revoked", "bad")
        if credential.expires_at is not None and credential.expires_at <= timezone.now():
            return staff_display.badge("Expired", "warning")
        return staff_display.badge("Active", "good")

    @staff_action(
        "Revoke", permission="accounts.change_credential", icon="key_off",
        when=lambda credential: credential.revoked_at is None,
        question=Question(
            "Revoke this credential", "Whoever uses it is shut out at once, for good.", danger=True
        ),
    )  # fmt: skip
    def revoke(self, request: HttpRequest, credential: Credential, reason: str) -> str:
        revoke_credential(credential=credential, reason=reason, now=timezone.now())
        return f"{credential} is revoked."
