"""People who log in: the staff and the users of the providers' portals."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.roles import WORK, Role
from apps.accounts.services.users import deactivate_user, reactivate_user, save_user
from apps.core import staff_display
from apps.core.admin import (
    AdminPasswordChangeForm,
    BooleanRadioFilter,
    Question,
    RelatedDropdownFilter,
    StaffModelAdmin,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UserChangeForm,
    UserCreationForm,
    staff_action,
)

ROLE_CHOICES = [(role.value, f"{role.capitalize()}: {WORK[role]}") for role in Role]


class RolesMixin(forms.Form):
    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("roles") and not data.get("is_staff"):
            self.add_error("roles", "Only staff have roles; tick Staff first.")
        if data.get("provider") and data.get("is_staff"):
            self.add_error("provider", "Staff belong to no provider.")
        return data


class ChangeForm(RolesMixin, UserChangeForm):
    """A user with their roles."""


class CreationForm(RolesMixin, UserCreationForm):
    """A new user with their roles."""


@admin.register(User)
class UserAdmin(StaffModelAdmin, DjangoUserAdmin):  # type: ignore[misc]
    form = ChangeForm
    add_form = CreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "belongs_to", "has_roles", "state", "last_login"]
    list_filter = [
        ("is_active", BooleanRadioFilter),
        ("groups", RelatedDropdownFilter),
        ("provider", RelatedDropdownFilter),
    ]
    list_select_related = ["provider"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    autocomplete_fields = ["provider"]
    filter_horizontal = ()
    readonly_fields = ["state", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": [("email", "name"), "password", "state"]}),
        (
            "Staff",
            {
                "description": "Staff use this admin; their roles say what they may do.",
                "fields": ["is_staff", "roles"],
            },
        ),
        (
            "Portal",
            {
                "description": "Portal users belong to one provider and see only its data.",
                "fields": ["provider"],
            },
        ),
        ("Dates", {"fields": [("last_login", "created_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": [("email", "name"), "usable_password", "password1", "password2"]}),
        ("Staff", {"fields": ["is_staff", "roles"]}),
        ("Portal", {"fields": ["provider"]}),
    ]
    actions_detail = ["deactivate", "reactivate"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        save_user(user=obj, roles=form.cleaned_data.get("roles", obj.roles))

    @admin.display(description="belongs to", ordering="provider__name")
    def belongs_to(self, user: User) -> str:
        if user.provider is not None:
            return user.provider.name
        return "Staff" if user.is_staff else staff_display.EMPTY

    @admin.display(description="roles")
    def has_roles(self, user: User) -> str:
        names = [*user.roles, *(["superuser"] if user.is_superuser else [])]
        return ", ".join(names) or staff_display.EMPTY

    @admin.display(description="state", ordering="is_active")
    def state(self, user: User) -> str:
        if user.is_active:
            return staff_display.badge("Active", "good")
        return staff_display.badge("Deactivated", "bad")

    @staff_action(
        "Deactivate", permission="accounts.change_user", icon="person_off",
        when=lambda user: user.is_active,
        question=Question(
            "Deactivate this user",
            "They can't log in any more. What they did stays in the trail under their name.",
            danger=True,
        ),
    )  # fmt: skip
    def deactivate(self, request: HttpRequest, user: User, reason: str) -> str:
        deactivate_user(user=user, reason=reason)
        return f"{user} can't log in any more."

    @staff_action(
        "Reactivate", permission="accounts.change_user", icon="person_add",
        when=lambda user: not user.is_active,
        question=Question("Reactivate this user", "They can log in again."),
    )  # fmt: skip
    def reactivate(self, request: HttpRequest, user: User, reason: str) -> str:
        reactivate_user(user=user, reason=reason)
        return f"{user} can log in again."
