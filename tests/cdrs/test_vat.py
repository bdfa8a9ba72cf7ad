"""Accepted CDRs get their VAT decisions, on both sides, and keep them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Account
from apps.cdrs.services import accept_cdr, delete_cdr, mark_cdrs_billed
from apps.cdrs.services.vat import (
    decide_accepted_cdrs,
    decide_on_cdrs,
    on_cdr_accepted,
    settle_vat,
    vat_decisions,
)
from apps.cdrs.staff_vat import vat_shown
from apps.cdrs.tasks import decide_vat_of_accepted
from apps.events.models import Event
from apps.events.relay import relay_pending
from apps.vat.models import (
    HeldDecision,
    OperatorVatProfile,
    Side,
    VatDecision,
    VatId,
    VatPolicy,
)
from apps.vat.models.decision import DecisionKept
from apps.vat.services import decide_again
from apps.vat.tasks import check_vat_ids
from tests.accounts.factories import (
    AccountFactory,
    ProviderFactory,
    TokenFactory,
    VatRegistrationFactory,
)
from tests.cdrs.factories import CdrFactory
from tests.locations.factories import LocationFactory, OperatorFactory
from tests.vat.vies_server import running_vies

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ADDRESSES = {
    "NL": ("1011 AB", "Europe/Amsterdam"), "DE": ("10115", "Europe/Berlin"),
    "FR": ("75001", "Europe/Paris"), "BE": ("1000", "Europe/Brussels"),
    "CH": ("8001", "Europe/Zurich"),
}  # fmt: skip


@pytest.fixture
def provider() -> Any:
    provider = ProviderFactory()
    for country in ADDRESSES:
        VatRegistrationFactory(provider=provider, country=country, number=f"{country}000000000B01")
    return provider


def station(country: str) -> Any:
    postcode, zone = ADDRESSES[country]
    operator = OperatorFactory(country_code=country)
    return LocationFactory(operator=operator, country=country, postcode=postcode, time_zone=zone)


def cdr_of(provider: Any, country: str, **account: Any) -> Any:
    token = TokenFactory(account=AccountFactory(provider=provider, **account))
    return CdrFactory(token=token, location=station(country), accepted=True)


def known_id(value: str, state: str = "VALID") -> None:
    VatId.objects.create(
        value=value, issuer=value[:2], state=state, register="VIES", confirmed_at=NOW,
        consultation_number="WAPI1",
    )  # fmt: skip


def decide(cdr: Any) -> dict[Side, VatDecision]:
    decide_on_cdrs(cdr_ids=[cdr.pk], now=NOW)
    return vat_decisions(cdr)


def test_each_side_is_decided_with_its_sentence(provider: Any) -> None:
    decisions = decide(cdr_of(provider, "DE"))
    assert decisions[Side.RETAIL].explanation == (
        "Germany 19 %: charged at a station in Germany, private customer; art. 39"
    )
    purchase = decisions[Side.PURCHASE]
    assert (purchase.tax_country, purchase.category, purchase.rate) == ("NL", "AE", Decimal(0))


def test_a_private_and_a_business_account_in_five_countries(provider: Any) -> None:
    """The provider is Dutch; the business has its Dutch id only, which does for Germany's wider
    reverse charge."""
    VatPolicy.objects.create(provider=provider, rc_scope={"DE": "any_business"})
    known_id("NL010000446B01")
    business = {"kind": Account.Kind.BUSINESS, "vat_ids": ["NL 0100 00446 B01"]}
    outcome = {}
    for country in ADDRESSES:
        for name, account in (("private", {}), ("business", business)):
            retail = decide(cdr_of(provider, country, **account))[Side.RETAIL]
            outcome[country, name] = (retail.status, retail.tax_country, retail.category)
    assert outcome == {
        ("NL", "private"): ("ok", "NL", "S"), ("NL", "business"): ("ok", "NL", "S"),
        ("DE", "private"): ("ok", "DE", "S"), ("DE", "business"): ("ok", "DE", "AE"),
        ("FR", "private"): ("ok", "FR", "S"), ("FR", "business"): ("ok", "FR", "S"),
        ("BE", "private"): ("ok", "BE", "S"), ("BE", "business"): ("ok", "BE", "S"),
        ("CH", "private"): ("ok", "CH", "S"), ("CH", "business"): ("ok", "", "O"),
    }  # fmt: skip


def test_a_snapshot_has_all_that_an_audit_asks_for(provider: Any) -> None:
    known_id("FR40303265045")
    cdr = cdr_of(provider, "FR", kind=Account.Kind.BUSINESS, vat_ids=["FR40303265045"])
    kept = decide(cdr)[Side.RETAIL]
    assert kept.facts["customer_vat_ids"] == ["FR40303265045"]
    assert kept.facts["vat_id_status"] == "valid"
    assert kept.facts["session_end_utc"] == "2026-05-01T09:00:00+00:00"
    assert kept.proofs[0]["consultation_number"] == "WAPI1"
    assert "Directive 2006/112/EC art. 195" in kept.result["sources"]
    assert (kept.decided_at, kept.decided_by, kept.rule) == (NOW, "test", "3")
    private = decide(cdr_of(provider, "FR"))[Side.RETAIL]
    assert private.rate_used is not None
    assert private.rate_used["rate"] == "20"


def test_accepting_a_cdr_decides_through_the_event(
    provider: Any, django_capture_on_commit_callbacks: Any
) -> None:
    cdr = cdr_of(provider, "DE")
    pending = CdrFactory(token=cdr.token, location=cdr.location)
    with django_capture_on_commit_callbacks():
        accept_cdr(cdr=pending, now=NOW)
    relay_pending(now=NOW)
    assert set(vat_decisions(pending)) == set(Side)
    assert set(vat_decisions(cdr)) == set(Side), "what else waits is decided in the same batch"
    assert Event.objects.pending().count() == 0


def test_an_event_that_comes_alone_and_again_decides_once(
    provider: Any, django_capture_on_commit_callbacks: Any
) -> None:
    pending = CdrFactory(token=TokenFactory(account=AccountFactory(provider=provider)))
    with django_capture_on_commit_callbacks():
        accept_cdr(cdr=pending, now=NOW)
    told = Event.objects.get(type="cdr.status.accepted")
    on_cdr_accepted(told)
    on_cdr_accepted(told)
    assert set(vat_decisions(pending)) == set(Side)
    assert VatDecision.objects.count() == 2


def test_deciding_again_on_the_same_facts_keeps_nothing_new(provider: Any) -> None:
    cdr = cdr_of(provider, "DE")
    decide(cdr)
    decide(cdr)
    assert VatDecision.objects.count() == 2


def test_a_new_decision_replaces_the_old_one_which_is_kept(provider: Any) -> None:
    cdr = cdr_of(provider, "FR")
    first = decide(cdr)[Side.RETAIL]
    VatPolicy.objects.create(provider=provider, oss_registered=False)
    second = decide(cdr)[Side.RETAIL]
    assert second.replaces == first
    assert VatDecision.objects.filter(side=Side.RETAIL).count() == 2


def test_what_is_held_waits_in_the_queue_until_it_is_mended(provider: Any) -> None:
    cdr = cdr_of(provider, "FR", kind=Account.Kind.BUSINESS, vat_ids=["FR40303265045"])
    retail = decide(cdr)[Side.RETAIL]
    assert (retail.status, retail.flags) == ("hold", ["vat_id_unverified"])
    held = HeldDecision.objects.waiting().get()
    assert held.decision == retail
    assert decide_again(held=[held], now=NOW + timedelta(hours=1)) == 0
    known_id("FR40303265045")
    assert decide_again(held=[held], now=NOW + timedelta(hours=2)) == 1
    held.refresh_from_db()
    assert held.resolved_at == NOW + timedelta(hours=2)
    assert vat_decisions(cdr)[Side.RETAIL].category == "AE"


def test_a_checked_vat_id_settles_what_waited_for_it(provider: Any, settings: Any) -> None:
    cdr = cdr_of(provider, "FR", kind=Account.Kind.BUSINESS, vat_ids=["FR 40 303 265 045"])
    decide(cdr)
    with running_vies() as vies:
        settings.VIES_URL = vies.url
        vies.registered = {"FR40303265045": "Recharge SA"}
        check_vat_ids()
    assert not HeldDecision.objects.waiting().exists()
    assert vat_decisions(cdr)[Side.RETAIL].category == "AE"


def test_a_deleted_cdr_leaves_the_queue(provider: Any) -> None:
    cdr = cdr_of(provider, "FR", kind=Account.Kind.BUSINESS, vat_ids=["FR40303265045"])
    decide(cdr)
    delete_cdr(cdr=cdr, reason="sent by mistake", now=NOW)
    relay_pending(now=NOW)
    assert not HeldDecision.objects.waiting().exists()


def test_what_is_billed_has_a_settled_decision(provider: Any) -> None:
    held = cdr_of(provider, "FR", kind=Account.Kind.BUSINESS, vat_ids=["FR40303265045"])
    settled, undecided = cdr_of(provider, "NL"), cdr_of(provider, "BE")
    before = decide(settled)
    decide(held)
    known_id("FR40303265045")
    kept = settle_vat(cdr_ids=[cdr.pk for cdr in (held, settled, undecided)], now=NOW)
    assert {decision.status for decision in kept.values()} == {"ok"}
    assert kept[settled.pk] == before[Side.RETAIL]
    assert not HeldDecision.objects.waiting().exists()


def test_the_profile_of_an_operator_decides_the_purchase() -> None:
    """Between German parties it matters until the end of 2026 whether the operator is a dealer."""
    provider = ProviderFactory(country="DE", postcode="10115")
    VatRegistrationFactory(provider=provider, number="136695976")
    cdr = cdr_of(provider, "DE")
    assert decide(cdr)[Side.PURCHASE].flags == ["supplier_is_dealer_missing"]
    OperatorVatProfile.objects.create(
        operator=cdr.operator, country="DE", vat_registrations=["DE"], is_dealer=True
    )
    purchase = decide(cdr)[Side.PURCHASE]
    assert (purchase.category, purchase.result["buyer_vat_id"]) == ("AE", "DE136695976")


def test_a_cdr_of_nobody_known_is_held_on_both_sides() -> None:
    cdr = CdrFactory(token=None, account=None, provider=None, contract_id="", token_uid="",
                     accepted=True)  # fmt: skip
    decisions = decide(cdr)
    assert decisions[Side.RETAIL].flags == ["customer_kind_missing"]
    assert decisions[Side.PURCHASE].flags == ["customer_country_missing"]


def test_a_billed_cdr_keeps_its_decision(provider: Any) -> None:
    cdr = cdr_of(provider, "FR")
    before = decide(cdr)
    mark_cdrs_billed(cdrs=[cdr], now=NOW)
    VatPolicy.objects.create(provider=provider, oss_registered=False)
    assert decide(cdr) == before


def test_the_job_finds_what_the_event_missed_and_does_nothing_twice(provider: Any) -> None:
    for country in ADDRESSES:
        cdr_of(provider, country)
    decide_vat_of_accepted()
    assert VatDecision.objects.count() == 2 * len(ADDRESSES)
    assert decide_accepted_cdrs(now=NOW) == 0


def test_the_number_of_queries_does_not_grow_with_the_cdrs(
    provider: Any, django_assert_max_num_queries: Any
) -> None:
    ids = [cdr_of(provider, country).pk for country in list(ADDRESSES) * 4]
    with django_assert_max_num_queries(16):
        decide_on_cdrs(cdr_ids=ids, now=NOW)


def test_decisions_are_never_changed_nor_removed(provider: Any) -> None:
    kept = decide(cdr_of(provider, "FR"))[Side.RETAIL]
    with pytest.raises(DecisionKept):
        kept.save()
    with pytest.raises(DecisionKept):
        kept.delete()
    with pytest.raises(DecisionKept):
        VatDecision.objects.update(rule="1")
    for statement in ("UPDATE vat_vatdecision SET rule = '1'", "DELETE FROM vat_vatdecision"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_page_of_a_cdr_says_why_in_one_sentence(provider: Any) -> None:
    cdr = cdr_of(provider, "DE")
    assert vat_shown(cdr) == "Decided when the CDR is accepted."
    decide(cdr)
    shown = vat_shown(cdr)
    sentence = "Germany 19 %: charged at a station in Germany, private customer; art. 39"
    assert f">{sentence}</a>" in shown
    assert "/admin/vat/vatdecision/" in shown
