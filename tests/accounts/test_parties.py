"""Services of parties, and what the database refuses."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import Account, Token
from apps.accounts.services.parties import (
    AccountDetails,
    PartyInvalid,
    TokenDetails,
    TokenTaken,
    block_token,
    reactivate_account,
    register_vat_number,
    stop_account,
    upsert_account,
    upsert_provider,
    upsert_token,
)
from apps.accounts.services.users import (
    EmailTaken,
    RolesRefused,
    create_provider_user,
    create_staff_user,
    deactivate_user,
    reactivate_user,
    save_user,
)
from apps.audit.context import Actor
from apps.audit.models import Entry
from tests.accounts.factories import (
    AccountFactory,
    ProviderFactory,
    TokenFactory,
    UserFactory,
    VatRegistrationFactory,
)

pytestmark = pytest.mark.django_db

ANN = AccountDetails(name="Ann", kind="PRIVATE", country="NL", city="Utrecht")
CARD = TokenDetails(contract_id="NL-EFL-C00000001-X", uid="04AA")


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_account_is_made_once_and_then_kept_up_to_date():
    provider = ProviderFactory()
    account, created = upsert_account(provider=provider, number="C1", details=ANN)
    assert created
    again, created = upsert_account(provider=provider, number="C1", details=ANN)
    assert (again.pk, created) == (account.pk, False)
    assert Entry.objects.story_of(account).count() == 1, "the same details change nothing"
    moved = AccountDetails(name="Ann", kind="PRIVATE", country="NL", city="Zwolle")
    upsert_account(provider=provider, number="C1", details=moved, actor=Actor.job("import"))
    entry = Entry.objects.story_of(account).first()
    assert (entry.activity, entry.actor_label) == ("changed account", "import")
    assert (entry.before, entry.after) == ({"city": "Utrecht"}, {"city": "Zwolle"})


def test_same_number_at_two_providers_is_two_accounts():
    for provider in (ProviderFactory(), ProviderFactory()):
        upsert_account(provider=provider, number="C1", details=ANN)
    assert Account.objects.filter(number="C1").count() == 2


@pytest.mark.parametrize(
    ("field", "value"), [("country", "nl"), ("kind", "ALIEN"), ("email", "no address")]
)
def test_account_that_breaks_the_form_is_refused_by_the_name_of_the_field(field, value):
    details = AccountDetails(**{"name": "Ann", "kind": "PRIVATE", "country": "NL", field: value})
    with pytest.raises(PartyInvalid, match=field):
        upsert_account(provider=ProviderFactory(), number="C1", details=details)
    assert not Account.objects.exists()


def test_token_is_found_by_contract_id_in_any_case():
    account = AccountFactory()
    token, created = upsert_token(account=account, details=CARD)
    assert created
    small = TokenDetails(contract_id=CARD.contract_id.lower(), uid="04BB")
    again, created = upsert_token(account=account, details=small)
    assert (again.pk, created) == (token.pk, False)


@pytest.mark.parametrize("clash", [{"contract_id": "nl-efl-c00000001-x"}, {"uid": "04aa"}])
def test_token_of_another_account_is_refused(clash):
    upsert_token(account=AccountFactory(), details=CARD)
    mine = {"contract_id": "NL-EFL-C00000002-X", "uid": "04BB", **clash}
    with pytest.raises(TokenTaken, match="C00000001"):
        upsert_token(account=AccountFactory(), details=TokenDetails(**mine))
    assert Token.objects.count() == 1


def test_provider_and_its_vat_number_are_made_once():
    fields = {
        "name": "Ampere", "legal_name": "Ampere B.V.", "country": "NL", "currency": "EUR",
        "invoice_prefix": "AMP", "retail_price_per_kwh": Decimal("0.42"),
    }  # fmt: skip
    provider, created = upsert_provider(slug="ampere", fields=fields)
    assert created
    assert upsert_provider(slug="ampere", fields=fields) == (provider, False)
    for _ in range(2):
        register_vat_number(provider=provider, country="NL", number="NL000099998B57")
    assert [str(vat) for vat in provider.vat_registrations.all()] == ["NL NL000099998B57"]
    with pytest.raises(PartyInvalid, match="currency"):
        upsert_provider(slug="voltly", fields={**fields, "currency": "XXX"})


def test_stopped_account_and_blocked_token_come_back_with_reasons():
    account, token = AccountFactory(), TokenFactory()
    stop_account(account=account, reason="unpaid")
    stop_account(account=account, reason="unpaid again")
    assert Entry.objects.story_of(account).count() == 2, "stopping twice is one change"
    reactivate_account(account=account, reason="paid")
    block_token(token=token, reason="lost")
    account.refresh_from_db(), token.refresh_from_db()
    assert (account.status, token.is_valid) == ("ACTIVE", False)


def test_users_are_staff_or_of_one_provider():
    provider = ProviderFactory()
    staff = create_staff_user(email="a@x.test", name="A", password="p" * 12, roles=["finance"])
    portal = create_provider_user(provider=provider, email="b@x.test", name="B", password=None)
    assert (staff.is_staff, staff.provider, portal.is_staff) == (True, None, False)
    assert not portal.has_usable_password()
    with pytest.raises(EmailTaken):
        create_staff_user(email="A@X.test", name="A", password=None, roles=[])
    with pytest.raises(RolesRefused):
        save_user(user=portal, roles=["finance"])
    with pytest.raises(ValueError, match="pirate"):
        save_user(user=staff, roles=["pirate"])


def test_change_of_roles_is_in_the_trail_and_in_the_groups():
    user = create_staff_user(email="a@x.test", name="A", password=None, roles=["finance"])
    save_user(user=user, roles=["auditor"], reason="moved")
    entry = Entry.objects.story_of(user).first()
    assert (entry.before, entry.after) == ({"roles": ["finance"]}, {"roles": ["auditor"]})
    assert [group.name for group in user.groups.all()] == ["auditor"]


def test_user_goes_and_comes_back_but_is_never_removed():
    user = UserFactory()
    deactivate_user(user=user, reason="left")
    assert not user.is_active
    reactivate_user(user=user, reason="came back")
    assert user.is_active
    assert Entry.objects.story_of(user).count() == 3


def test_database_keeps_parties_apart():
    provider = ProviderFactory(slug="ampere", invoice_prefix="AMP")
    refused(lambda: ProviderFactory(slug="ampere"))
    refused(lambda: ProviderFactory(invoice_prefix="AMP"))
    refused(lambda: ProviderFactory(retail_price_per_kwh=Decimal("-0.01")))
    AccountFactory(provider=provider, number="C1")
    refused(lambda: AccountFactory(provider=provider, number="C1"))


def test_database_keeps_tokens_and_users_apart_in_any_case():
    TokenFactory(contract_id="NL-A", uid="0A")
    refused(lambda: TokenFactory(contract_id="nl-a"))
    refused(lambda: TokenFactory(uid="0a"))
    UserFactory(email="a@x.test")
    refused(lambda: UserFactory(email="A@x.test"))
    refused(lambda: UserFactory(is_staff=True, provider=ProviderFactory()))


def test_database_refuses_doubled_and_empty_vat_registrations():
    first = VatRegistrationFactory()
    refused(lambda: VatRegistrationFactory(provider=first.provider, number=first.number))
    day = date(2026, 1, 1)
    refused(lambda: VatRegistrationFactory(active_from=day, active_to=day))
