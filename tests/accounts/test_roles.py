"""What each role of the staff may do, found by walking permissions and screens."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from apps.accounts import roles
from apps.accounts.roles import Role, grant, granted_to
from apps.audit.models import Entry
from tests.accounts.factories import (
    AccountFactory,
    ProviderFactory,
    TokenFactory,
    VatRegistrationFactory,
)
from tests.core.staff import staff_client
from tests.locations.factories import ConnectorFactory

pytestmark = pytest.mark.django_db

# Custom permissions that let somebody read, and write nothing.
READING = {"audit.export_entry"}
OURS = [config.label for config in apps.get_app_configs() if config.name.startswith("apps.")]


def held_by(role):
    permissions = Group.objects.get(name=role.value).permissions
    pairs = permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


def all_permissions():
    found = Permission.objects.filter(content_type__app_label__in=OURS)
    return {
        f"{p.content_type.app_label}.{p.codename}" for p in found.select_related("content_type")
    }


@pytest.mark.parametrize("role", list(Role))
def test_each_granted_permission_exists(role):
    assert granted_to(role) <= all_permissions()
    assert granted_to(role) <= held_by(role)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_deletes(role):
    assert not [name for name in held_by(role) if ".delete_" in name]
    with pytest.raises(ValueError, match="no permission"):
        grant(role, "accounts.delete_account")


def test_auditor_sees_everything_and_changes_nothing():
    held = held_by(Role.AUDITOR)
    assert {name for name in all_permissions() if ".view_" in name} <= held
    assert not [
        name for name in held if ".view_" not in name and name not in {"audit.export_entry"}
    ]


def test_administrator_may_do_all_but_delete():
    assert held_by(Role.ADMINISTRATOR) == {
        name for name in all_permissions() if ".delete_" not in name
    }


def test_support_issues_no_invoice_and_finance_changes_no_tariff():
    support, finance = held_by(Role.SUPPORT), held_by(Role.FINANCE)
    writes = {name for name in support if name.startswith("billing.") and ".view_" not in name}
    assert not writes
    assert not [n for n in finance if n.startswith("tariffs.") and ".view_" not in n]
    assert "accounts.change_provider" not in finance, "it holds the retail price"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE])
def test_neither_support_nor_finance_makes_users_or_credentials(role):
    held = held_by(role)
    for what in ("user", "credential", "provider"):
        assert not {f"accounts.add_{what}", f"accounts.change_{what}"} & held


def test_taken_back_grant_leaves_the_group_at_the_next_migrate(monkeypatch):
    assert "accounts.change_account" in held_by(Role.SUPPORT)
    kept = {Role.SUPPORT: {"accounts.view_account"}}
    monkeypatch.setattr(roles, "_granted", kept | {r: set() for r in Role if r not in kept})
    call_command("migrate", verbosity=0)
    assert {n for n in held_by(Role.SUPPORT) if n.startswith("accounts.")} == {
        "accounts.view_account"
    }


def one_of_each():
    """A record for each screen whose model a test can make in a line."""
    VatRegistrationFactory(provider=ProviderFactory()), TokenFactory(), ConnectorFactory()


@pytest.mark.parametrize(
    "screen",
    [pytest.param(s, id=m._meta.label_lower) for m, s in admin.site._registry.items()],
)
def test_auditor_opens_each_screen_and_writes_through_none(screen):
    one_of_each()
    client = staff_client(Role.AUDITOR)
    meta = screen.model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    record = screen.model._base_manager.first()
    entries = Entry.objects.count()
    assert client.post(reverse(f"{name}_add"), {"name": "x"}).status_code == 403
    if record is not None:
        page = reverse(f"{name}_change", args=[record.pk])
        assert client.get(page).status_code == 200
        assert client.post(page, {"name": "x"}).status_code == 403
        for action in screen._get_base_actions_detail():
            address = reverse(f"admin:{action.action_name}", args=[record.pk])
            assert client.post(address, {"confirmed": 1, "reason": "x"}).status_code == 403
    assert Entry.objects.count() == entries


def test_support_keeps_accounts_and_finance_keeps_vat_numbers():
    account, registration = AccountFactory(), VatRegistrationFactory()
    page = reverse("admin:accounts_account_change", args=[account.pk])
    stop = reverse("admin:accounts_account_stop", args=[account.pk])
    assert 'name="_save"' in staff_client(Role.SUPPORT).get(page).content.decode()
    finance = staff_client(Role.FINANCE)
    vat_page = reverse("admin:accounts_vatregistration_change", args=[registration.pk])
    assert 'name="_save"' in finance.get(vat_page).content.decode()
    assert finance.get(stop).status_code == 200
