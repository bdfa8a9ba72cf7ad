"""Staff screens of VAT: the rate editor, the register, the queue of held decisions."""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape

from apps.accounts.models import Account
from apps.accounts.roles import Role
from apps.audit.models import Entry
from apps.cdrs.services.vat import decide_on_cdrs
from apps.vat.models import HeldDecision, Side, VatDecision, VatId, VatRate
from apps.vat.services import enrol_vat_ids
from tests.accounts.factories import AccountFactory, TokenFactory, VatRegistrationFactory
from tests.cdrs.factories import NOW, CdrFactory
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory
from tests.vat.vies_server import running_vies

pytestmark = pytest.mark.django_db

FRENCH = "FR40303265045"
NEW_RATE = {
    "territory": "NL", "kind": "standard", "rate": "22", "valid_from": "2027-07-01",
    "source": "Stb. 2027, 1", "note": "", "reason": "law of 2027",
}  # fmt: skip


@pytest.fixture
def held() -> HeldDecision:
    """A French business with an unchecked id charged in France."""
    account = AccountFactory(kind=Account.Kind.BUSINESS, vat_ids=[FRENCH])
    VatRegistrationFactory(provider=account.provider)
    location = LocationFactory(country="FR", postcode="75001", time_zone="Europe/Paris")
    cdr = CdrFactory(token=TokenFactory(account=account), location=location, accepted=True)
    decide_on_cdrs(cdr_ids=[cdr.pk], now=NOW)
    return HeldDecision.objects.get()


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:vat_{name}", args=args)


def test_finance_sets_a_new_rate_and_the_old_one_ends() -> None:
    client = staff_client(Role.FINANCE)
    response = client.post(page("vatrate_add"), NEW_RATE)
    assert response.status_code == 302
    periods = VatRate.objects.filter(territory="NL").order_by("valid_from")
    assert [(row.rate, row.valid_to) for row in periods] == [(21, date(2027, 7, 1)), (22, None)]
    entries = Entry.objects.filter(object_type="vat.vatrate", actor_kind="USER")
    assert {entry.reason for entry in entries} == {"law of 2027"}
    assert {entry.actor_label for entry in entries} == {"finance@example.com"}


def test_an_overlap_is_refused_in_words() -> None:
    client = staff_client(Role.FINANCE)
    response = client.post(
        page("vatrate_add"), {**NEW_RATE, "valid_from": "2011-01-01"}, follow=True
    )
    assert "has a rate from 2012-10-01 on already" in response.content.decode()
    assert VatRate.objects.filter(territory="NL").count() == 1


def test_a_rate_is_corrected_with_a_reason() -> None:
    client = staff_client(Role.FINANCE)
    row = VatRate.objects.get(territory="LU", kind="ev_charging", valid_to=None)
    client.post(
        page("vatrate_change", row.pk),
        {"rate": "17", "source": "AED", "note": "", "valid_to": "", "reason": "ruling"},
    )
    row.refresh_from_db()
    assert row.rate == 17
    entry = Entry.objects.get(object_type="vat.vatrate", actor_kind="USER")
    assert entry.activity == "corrected VAT rate"


def test_a_rate_for_charging_ends_on_a_day() -> None:
    client = staff_client(Role.FINANCE)
    row = VatRate.objects.get(territory="GR", kind="ev_charging")
    client.post(
        page("vatrate_change", row.pk),
        {"rate": "6", "source": row.source, "note": row.note, "valid_to": "2028-01-01",
         "reason": "the ruling ends"},
    )  # fmt: skip
    row.refresh_from_db()
    assert row.valid_to == date(2028, 1, 1)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_others_only_look_at_rates(role: Role) -> None:
    client = staff_client(role)
    assert client.get(page("vatrate_changelist")).status_code == 200
    assert client.post(page("vatrate_add"), NEW_RATE).status_code == 403
    row = VatRate.objects.get(territory="NL")
    client.post(page("vatrate_change", row.pk), {"rate": "1", "reason": "x", "source": "x"})
    row.refresh_from_db()
    assert row.rate == 21


def test_the_queue_says_what_is_missing(held: HeldDecision) -> None:
    client = staff_client(Role.FINANCE)
    listed = client.get(page("helddecision_changelist")).content.decode()
    assert "The VAT id is not verified yet" in listed
    shown = client.get(page("helddecision_change", held.pk)).content.decode()
    assert FRENCH in shown
    assert "Decide again" in shown


def test_deciding_again_after_mending_empties_the_queue(held: HeldDecision) -> None:
    client = staff_client(Role.FINANCE)
    button = page("helddecision_change", held.pk).replace("/change/", "/decide-again/")
    still = client.post(button, {"confirmed": "1"}, follow=True)
    assert "It still waits" in still.content.decode()
    VatId.objects.create(
        value=FRENCH, issuer="FR", state="VALID", register="VIES", confirmed_at=NOW
    )
    settled = client.post(button, {"confirmed": "1"}, follow=True)
    assert "is decided" in settled.content.decode()
    assert not HeldDecision.objects.waiting().exists()


def test_support_can_not_decide_again(held: HeldDecision) -> None:
    client = staff_client(Role.SUPPORT)
    button = page("helddecision_change", held.pk).replace("/change/", "/decide-again/")
    assert client.post(button, {"confirmed": "1"}).status_code == 403
    assert "Decide again" not in client.get(page("helddecision_change", held.pk)).content.decode()


def test_a_decision_shows_all_it_rests_on(held: HeldDecision) -> None:
    client = staff_client(Role.AUDITOR)
    purchase = VatDecision.objects.get(side=Side.PURCHASE)
    shown = client.get(page("vatdecision_change", purchase.pk)).content.decode()
    assert "Directive 2006/112/EC art. 38" in shown
    assert escape(purchase.explanation) in shown
    assert client.get(page("vatdecision_changelist")).status_code == 200


def test_an_id_is_checked_from_its_page(held: HeldDecision, settings: Any) -> None:
    enrol_vat_ids(values=[FRENCH], now=NOW)
    row = VatId.objects.get()
    button = page("vatid_change", row.pk).replace("/change/", "/check-now/")
    with running_vies() as vies:
        settings.VIES_URL = vies.url
        vies.registered = {FRENCH: "Recharge SA"}
        response = staff_client(Role.FINANCE).post(button, {"confirmed": "1"}, follow=True)
    assert "valid. 1 held VAT decisions are settled by it." in response.content.decode()
    assert not HeldDecision.objects.waiting().exists()
    shown = staff_client(Role.AUDITOR).get(page("vatid_change", row.pk)).content.decode()
    assert "Recharge SA" in shown


def test_the_first_page_counts_what_waits(held: HeldDecision) -> None:
    shown = staff_client(Role.FINANCE).get(reverse("admin:index")).content.decode()
    assert "Held VAT decisions" in shown


def test_policies_are_checked_when_entered(held: HeldDecision) -> None:
    client = staff_client(Role.FINANCE)
    provider = held.provider_id
    wrong = {"provider": provider, "rc_scope": '{"DE": "all"}', "subscription_b2c": "art58"}
    assert "not one of" in client.post(page("vatpolicy_add"), wrong).content.decode()
    right = {**wrong, "rc_scope": '{"FR": "any_business"}', "oss_registered": "on"}
    assert client.post(page("vatpolicy_add"), right).status_code == 302


def test_selected_decisions_are_made_again_by_the_person_who_confirmed(held: HeldDecision) -> None:
    client = staff_client(Role.FINANCE)
    count = Entry.objects.count()
    chosen = {"action": "decide_selected_again", "_selected_action": [str(held.pk)]}
    answer = client.post(
        "/admin/vat/helddecision/", {**chosen, "confirmed": "1", "reason": "ids were checked"}
    )
    assert answer.status_code == 302
    told = Entry.objects.order_by("-pk")[: Entry.objects.count() - count]
    assert {entry.actor_kind for entry in told} <= {"USER"}
