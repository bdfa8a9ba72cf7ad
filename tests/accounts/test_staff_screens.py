"""Staff screens of people and parties, through their forms and buttons."""

import pytest
from django.urls import reverse

from apps.accounts.models import Account, Credential, User
from apps.accounts.roles import Role
from apps.audit.models import Entry
from tests.accounts.factories import AccountFactory, ProviderFactory, TokenFactory, UserFactory
from tests.core.staff import staff_client

pytestmark = pytest.mark.django_db


def act(client, record, action, **fields):
    meta = record._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_{action}", args=[record.pk])
    return client.post(address, fields, follow=True)


def entries_of(record):
    return list(Entry.objects.story_of(record).values_list("activity", "reason"))


def test_account_is_stopped_with_a_reason_and_one_entry():
    account, client = AccountFactory(), staff_client(Role.SUPPORT)
    page = act(client, account, "stop", confirmed=1, reason="moved abroad").content.decode()
    assert f"{account} is stopped." in page
    assert Account.objects.get().status == "STOPPED"
    assert entries_of(account)[0] == ("stopped account", "moved abroad")
    assert len(entries_of(account)) == 2
    assert "Reactivate" in page, "the button fits the state"


@pytest.mark.parametrize("fields", [{}, {"confirmed": 1}, {"confirmed": 1, "reason": "  "}])
def test_nothing_happens_before_the_reason_is_given(fields):
    account, client = AccountFactory(), staff_client(Role.SUPPORT)
    page = act(client, account, "stop", **fields).content.decode()
    assert "Stop this account" in page
    assert Account.objects.get().status == "ACTIVE"


def test_token_is_blocked_and_unblocked():
    token, client = TokenFactory(), staff_client(Role.SUPPORT)
    for action, valid in (("block", False), ("unblock", True)):
        act(client, token, action, confirmed=1, reason="card lost")
        token.refresh_from_db()
        assert token.is_valid is valid
    assert [activity for activity, _ in entries_of(token)] == [
        "unblocked token", "blocked token", "created token",
    ]  # fmt: skip


def test_account_form_reads_vat_ids_by_line():
    account, client = AccountFactory(business=True, vat_ids=["NL1"]), staff_client(Role.SUPPORT)
    address = reverse("admin:accounts_account_change", args=[account.pk])
    form = {
        "provider": account.provider_id, "number": "C1", "name": "Ann", "kind": "BUSINESS",
        "language": "nl", "country": "NL", "vat_ids": "NL123456789B01\n\n DE123456789 ",
        "tokens-TOTAL_FORMS": 0, "tokens-INITIAL_FORMS": 0,
    }  # fmt: skip
    response = client.post(address, form)
    assert response.status_code == 302
    account.refresh_from_db()
    assert account.vat_ids == ["NL123456789B01", "DE123456789"]
    assert len(entries_of(account)) == 2
    assert "NL123456789B01\nDE123456789" in client.get(address).content.decode()


def test_issued_credential_is_shown_once():
    provider, client = ProviderFactory(), staff_client(Role.ADMINISTRATOR)
    address = reverse("admin:accounts_credential_add")
    form = {"name": "Robot", "scopes": ["cdrs:read"], "provider": provider.pk}
    page = client.post(address, form, follow=True).content.decode()
    credential = Credential.objects.get()
    assert f"evc_{credential.prefix}_" in page
    shown_again = reverse("admin:accounts_credential_change", args=[credential.pk])
    assert f"evc_{credential.prefix}_" not in client.get(shown_again).content.decode()
    assert [activity for activity, _ in entries_of(credential)] == ["issued API credential"]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"scopes": ["cdrs:read"]}, "belongs either to a provider"),
        ({"scopes": ["cdrs:review"], "operator_party": "NL*EFL"}, "its own claims"),
    ],
)
def test_credential_that_can_t_be_is_refused_in_the_form(form, message):
    client = staff_client(Role.ADMINISTRATOR)
    page = client.post(reverse("admin:accounts_credential_add"), {"name": "x", **form})
    assert message in page.content.decode()
    assert not Credential.objects.exists()


def test_revoked_credential_shows_its_state_and_no_button():
    provider, client = ProviderFactory(), staff_client(Role.ADMINISTRATOR)
    client.post(
        reverse("admin:accounts_credential_add"),
        {"name": "Robot", "scopes": ["cdrs:read"], "provider": provider.pk},
    )
    credential = Credential.objects.get()
    page = act(client, credential, "revoke", confirmed=1, reason="leaked").content.decode()
    assert "Revoked" in page
    revoke = reverse("admin:accounts_credential_revoke", args=[credential.pk])
    assert f'href="{revoke}"' not in page


def new_user(client, **fields):
    form = {
        "email": "new@example.com", "name": "New", "usable_password": "true",
        "password1": "correct-horse-battery", "password2": "correct-horse-battery", **fields,
    }  # fmt: skip
    return client.post(reverse("admin:accounts_user_add"), form)


def test_administrator_makes_a_staff_user_whose_groups_follow_the_roles():
    client = staff_client(Role.ADMINISTRATOR)
    response = new_user(client, is_staff="on", roles=["finance", "support"])
    assert response.status_code == 302
    user = User.objects.get(email="new@example.com")
    assert user.check_password("correct-horse-battery")
    assert sorted(user.groups.values_list("name", flat=True)) == ["finance", "support"]
    assert [activity for activity, _ in entries_of(user)] == ["created user"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"roles": ["finance"]}, "Only staff have roles"),
        ({"is_staff": "on", "provider": True}, "Staff belong to no provider"),
    ],
)
def test_odd_mixes_of_staff_and_portal_are_refused(fields, message):
    client = staff_client(Role.ADMINISTRATOR)
    if "provider" in fields:
        fields = {**fields, "provider": ProviderFactory().pk}
    assert message in new_user(client, **fields).content.decode()
    assert not User.objects.filter(email="new@example.com").exists()


def test_deactivated_user_is_out_at_once():
    administrator = staff_client(Role.ADMINISTRATOR)
    user = UserFactory(is_staff=True)
    browser = type(administrator)()
    browser.force_login(user)
    assert browser.get(reverse("admin:index")).status_code == 200
    act(administrator, user, "deactivate", confirmed=1, reason="left")
    assert browser.get(reverse("admin:index")).status_code == 302
    assert entries_of(user)[0] == ("deactivated user", "left")


def test_lists_ask_the_same_number_of_queries_for_many_rows(django_assert_max_num_queries):
    client = staff_client(Role.ADMINISTRATOR)
    for _ in range(2):
        TokenFactory(), UserFactory(provider=ProviderFactory())
    addresses = [reverse(f"admin:accounts_{m}_changelist") for m in ("account", "token", "user")]

    def queries(address):
        with django_assert_max_num_queries(30) as captured:
            client.get(address)
        return len(captured)

    few = [queries(address) for address in addresses]
    for _ in range(8):
        TokenFactory(), UserFactory(provider=ProviderFactory())
    assert [queries(address) for address in addresses] == few


def test_administrator_sets_a_password_and_the_trail_says_that_but_not_which():
    user = UserFactory(email="kim@example.com")
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    chosen = {"password1": "pass-4711-word", "password2": "pass-4711-word"}
    administrator = staff_client(Role.ADMINISTRATOR)
    assert administrator.post(page, chosen | {"password2": "another"}).status_code == 200
    assert Entry.objects.story_of(user).count() == 1
    assert administrator.post(page, chosen).status_code == 302
    user.refresh_from_db()
    assert user.check_password("pass-4711-word")
    entry = Entry.objects.story_of(user).first()
    assert set(entry.after) == {"password"}
    assert user.password not in str(entry.after)
    assert staff_client(Role.SUPPORT).post(page, chosen).status_code == 403
