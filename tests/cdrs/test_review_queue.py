"""The queue of held CDRs, and the price on a CDR's page, through the browser's door."""

from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.audit.models import Entry
from apps.cdrs.models import CDR
from apps.cdrs.services import ReasonMissing, delete_cdr, reject_cdrs
from apps.events.models import Event
from evcharge.staff_menu import navigation
from tests.cdrs.factories import CdrFactory
from tests.core.staff import staff_client
from tests.tariffs.factories import make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db
QUEUE = "admin:cdrs_review_queue"


def test_queue_shows_reasons_and_prices_of_held_cdrs_only() -> None:
    held = CdrFactory(
        held=True, total_cost_excl_vat=Decimal(3), computed_cost_excl_vat=Decimal("2.5")
    )
    clean = CdrFactory()
    page = staff_client(Role.SUPPORT).get(reverse(QUEUE)).content.decode()
    assert held.cdr_id in page
    assert clean.cdr_id not in page
    assert "The energy is negative." in page
    assert "EUR 3.0000" in page
    assert ">2.5000<" in page
    assert ">+0.5000<" in page


def test_menu_marks_the_queue_and_not_the_rules_above_it() -> None:
    request = RequestFactory().get(reverse(QUEUE))
    request.user = User.objects.create_superuser("admin@example.com", "x" * 16)
    entries = [item for group in navigation(request) for item in group["items"]]
    assert [item["title"] for item in entries if item["active"]] == ["CDRs to review"]


def test_chosen_cdrs_are_accepted_with_one_reason() -> None:
    first, second, other = (CdrFactory(held=True) for _ in range(3))
    client = staff_client(Role.SUPPORT)
    chosen = {"cdr": [first.pk, second.pk, "nonsense"], "reason": "operator confirmed"}
    answer = client.post(reverse(QUEUE), chosen, follow=True)
    assert "2 CDRs are accepted." in answer.content.decode()
    for cdr in (first, second, other):
        cdr.refresh_from_db()
    assert [cdr.status for cdr in (first, second, other)] == ["ACCEPTED", "ACCEPTED", "PENDING"]
    assert Entry.objects.story_of(first).first().reason == "operator confirmed"


def test_queue_shows_what_is_earned_or_lost() -> None:
    costs = {"held": True, "total_cost_excl_vat": Decimal(9)}
    CdrFactory(**costs, computed_cost_excl_vat=Decimal(3), retail_cost_excl_vat=Decimal(4))
    CdrFactory(**costs, retail_cost_excl_vat=Decimal(8))
    CdrFactory(**costs)
    page = staff_client(Role.FINANCE).get(reverse(QUEUE)).content.decode()
    assert ">+1.0000<" in page, "against our price, which is what we owe"
    assert ">-1.0000<" in page, "against the cost as sent where there is no price of ours"


def test_queue_is_filtered_by_reason_operator_and_provider() -> None:
    client = staff_client(Role.SUPPORT)
    dear = [{"code": "PRICE_DIFFERS", "message": "It is dear."}]
    first, second = CdrFactory(held=True), CdrFactory(held=True, hold_reasons=dear)

    def shown(**query: object) -> set[str]:
        page = client.get(reverse(QUEUE), query).content.decode()
        return {cdr.cdr_id for cdr in (first, second) if cdr.cdr_id in page}

    assert shown(reason="PRICE_DIFFERS") == {second.cdr_id}
    assert shown(operator=first.operator_id) == {first.cdr_id}
    assert shown(provider=second.provider_id) == {second.cdr_id}
    assert shown(reason="PRICE_DIFFERS", operator=first.operator_id) == set()
    assert shown(operator="nonsense", reason="\"]'%") == {first.cdr_id, second.cdr_id}
    page = client.get(reverse(QUEUE)).content.decode()
    assert "Price differs (1)" in page
    told = {"cdr": [second.pk], "reason": "fine"}
    answer = client.post(f"{reverse(QUEUE)}?reason=PRICE_DIFFERS", told, follow=True)
    assert "No held CDR is like that" in answer.content.decode()


def test_queue_takes_the_same_queries_for_one_and_many(django_assert_max_num_queries) -> None:
    CdrFactory.create_batch(12, held=True)
    client = staff_client(Role.SUPPORT)
    client.get(reverse(QUEUE))
    with django_assert_max_num_queries(14):
        client.get(reverse(QUEUE))


def test_what_operators_send_stays_text_in_the_queue() -> None:
    evil = "<script>alert(1)</script>"
    CdrFactory(held=True, cdr_id="<img onerror=x>", hold_reasons=[{"code": evil, "message": evil}])
    page = staff_client(Role.SUPPORT).get(reverse(QUEUE)).content.decode()
    assert evil not in page
    assert "<img onerror" not in page


def test_without_a_reason_nothing_is_accepted() -> None:
    held = CdrFactory(held=True)
    client = staff_client(Role.SUPPORT)
    answer = client.post(reverse(QUEUE), {"cdr": [held.pk], "reason": " "}, follow=True)
    assert "Say why these CDRs are accepted." in answer.content.decode()
    held.refresh_from_db()
    assert held.status == CDR.Status.PENDING


def test_auditor_sees_the_queue_and_accepts_nothing() -> None:
    held = CdrFactory(held=True)
    client = staff_client(Role.AUDITOR)
    page = client.get(reverse(QUEUE)).content.decode()
    assert held.cdr_id in page
    assert "Accept chosen" not in page
    assert client.post(reverse(QUEUE), {"cdr": [held.pk], "reason": "x"}).status_code == 403


def test_empty_queue_says_what_it_is_for() -> None:
    assert "Nothing waits" in staff_client(Role.FINANCE).get(reverse(QUEUE)).content.decode()


def test_page_of_a_cdr_explains_its_price_and_margin() -> None:
    cdr = CdrFactory(kwh=10, currency="EUR", total_cost_excl_vat=3)
    make_version(operator=cdr.operator)
    make_version(provider=cdr.provider, content=flat_tariff(component("ENERGY", "0.40")))
    address = reverse("admin:cdrs_cdr_change", args=[cdr.pk])
    page = staff_client(Role.SUPPORT).get(address).content.decode()
    assert "What we owe the operator: EUR 2.50 excl. VAT, EUR 2.75 incl. VAT" in page
    assert "What the driver pays: EUR 4.00" in page
    assert "element 1: no restrictions" in page
    assert "Margin:" in page
    assert "EUR 1.5000" in page


def test_page_of_a_cdr_says_why_there_is_no_price() -> None:
    cdr = CdrFactory(kwh=10)
    address = reverse("admin:cdrs_cdr_change", args=[cdr.pk])
    page = staff_client(Role.SUPPORT).get(address).content.decode()
    assert "No tariff is known for it." in page


def test_chosen_cdrs_are_rejected_with_one_reason_after_a_question() -> None:
    first, second, other = (CdrFactory(held=True) for _ in range(3))
    client = staff_client(Role.SUPPORT)
    assert "Reject chosen CDRs" in client.get(reverse(QUEUE)).text
    address = f"{reverse(QUEUE)}?reason={first.hold_reasons[0]['code']}"
    chosen = {"cdr": [first.pk, second.pk, "nonsense"], "reject": "1"}
    question = client.post(address, chosen).text
    assert "Reject 2 CDRs" in question
    assert first.cdr_id in question
    assert other.cdr_id not in question
    assert not CDR.objects.exclude(status="PENDING").exists(), "asking changes nothing"
    answer = client.post(address, {**chosen, "confirmed": "1", "reason": " "})
    assert "This field is required." in answer.text
    assert all(f'name="cdr" value="{cdr.pk}"' in question for cdr in (first, second))
    told = {**chosen, "confirmed": "1", "reason": "not our customers"}
    answer = client.post(address, told, follow=True)
    assert answer.redirect_chain[0][0] == address
    assert "2 CDRs are rejected." in answer.text
    for cdr in (first, second, other):
        cdr.refresh_from_db()
    assert [cdr.status for cdr in (first, second, other)] == ["REJECTED", "REJECTED", "PENDING"]
    for cdr in (first, second):
        assert cdr.rejection_reason == "not our customers"
        entry = Entry.objects.story_of(cdr).first()
        assert (entry.activity, entry.reason) == ("rejected CDR", "not our customers")
        assert Event.objects.of(cdr).filter(type="cdr.status.rejected").count() == 1


def test_what_no_longer_waits_is_left_and_named() -> None:
    held, accepted, billed = (
        CdrFactory(held=True), CdrFactory(accepted=True), CdrFactory(billed=True),
    )  # fmt: skip
    deleted = CdrFactory(held=True)
    delete_cdr(cdr=deleted, reason="twice", now=timezone.now())
    before = [Entry.objects.story_of(cdr).count() for cdr in (accepted, billed, deleted)]
    chosen = {"cdr": [c.pk for c in (held, accepted, billed, deleted)], "reject": "1"}
    answer = staff_client(Role.FINANCE).post(
        reverse(QUEUE), {**chosen, "confirmed": "1", "reason": "wrong"}, follow=True
    )
    assert "1 CDR is rejected." in answer.text
    for cdr, state in ((accepted, "Accepted"), (billed, "Billed"), (deleted, "deleted")):
        assert f"{cdr} ({state})" in answer.text
    states = {cdr.status for cdr in CDR.objects.filter(pk__in=[accepted.pk, billed.pk])}
    assert states == {"ACCEPTED", "BILLED"}
    after = [Entry.objects.story_of(cdr).count() for cdr in (accepted, billed, deleted)]
    assert after == before


def test_rejecting_takes_the_permission_and_a_choice() -> None:
    held = CdrFactory(held=True)
    chosen = {"cdr": [held.pk], "reject": "1", "confirmed": "1", "reason": "x"}
    assert staff_client(Role.AUDITOR).post(reverse(QUEUE), chosen).status_code == 403
    answer = staff_client(Role.SUPPORT).post(reverse(QUEUE), {"reject": "1"}, follow=True)
    assert "Choose the CDRs to reject." in answer.text
    held.refresh_from_db()
    assert held.status == CDR.Status.PENDING


def test_bulk_rejection_needs_a_reason() -> None:
    held = CdrFactory(held=True)
    with pytest.raises(ReasonMissing):
        reject_cdrs(cdrs=[held], reason=" ", now=timezone.now())
