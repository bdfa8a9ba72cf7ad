"""Tariffs that operators send stand in the tariff book, and CDRs are priced by them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import structlog
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.cdrs.models import CDR
from apps.roaming.models import KeptObject, Peer
from apps.roaming.services.pulling import pull_module
from apps.tariffs.models import TariffVersion
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, PeerFactory, role
from tests.roaming.messages import cdr, period, tariff
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
PATH = "tariffs/NL/CPO/T1"
LATER = "2026-04-01T12:00:00Z"
LATEST = "2026-05-01T12:00:00Z"
# The form of OCPI is right, and no engine can price by it.
UNREADABLE = tariff(max_price={"excl_vat": "much"})


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def per_kwh(price: float, **changes: Any) -> dict[str, Any]:
    component = {"type": "ENERGY", "price": price, "vat": 21, "step_size": 1}
    return tariff(elements=[{"price_components": [component]}], **changes)


def versions() -> list[TariffVersion]:
    return list(TariffVersion.objects.order_by("number"))


def pull(peer: Peer, **options: Any) -> int:
    cursor = pull_module(peer=peer, module="tariffs", sleep=lambda seconds: None, **options)
    return cursor.unread


def test_a_tariff_that_is_put_is_in_force_from_now(cpo: PeerClient) -> None:
    before = datetime.now(UTC)
    cpo.put(PATH, per_kwh(0.4))
    [version] = versions()
    assert before <= version.active_from <= datetime.now(UTC)
    assert version.active_to is None
    assert (version.tariff.operator.party, version.tariff.operator.name) == ("NL*CPO", "Operator")
    assert (version.tariff.tariff_id, version.ocpi_version) == ("T1", "2.2.1")


def test_another_content_ends_the_version_and_begins_the_next(cpo: PeerClient) -> None:
    cpo.put(PATH, per_kwh(0.4))
    cpo.put(PATH, per_kwh(0.5, last_updated=LATER))
    first, second = versions()
    assert first.active_to == second.active_from
    assert second.active_to is None
    assert second.content["elements"][0]["price_components"][0]["price"] == "0.5"


@pytest.mark.parametrize("end", [{}, {"end_date_time": "2099-01-01T00:00:00Z"}])
def test_the_same_content_again_makes_no_version(cpo: PeerClient, end: dict[str, str]) -> None:
    cpo.put(PATH, per_kwh(0.4, **end))
    cpo.put(PATH, per_kwh(0.4, last_updated=LATER, **end))
    assert len(versions()) == 1


def test_a_respelled_price_makes_no_version(cpo: PeerClient) -> None:
    cpo.put(PATH, per_kwh(0.4, tariff_alt_text=None))
    respelled = json.dumps(per_kwh(0.4, last_updated=LATER)).replace("0.4,", "0.40,")
    assert '"price": 0.40,' in respelled
    cpo.put(PATH, respelled)
    assert len(versions()) == 1


FOR_US = {"target_operator_country_code": "NL", "target_operator_party_id": "EVC"}
FOR_OTHERS = {"target_operator_country_code": "DE", "target_operator_party_id": "MP1"}


def test_of_a_hubs_differentiated_tariffs_ours_wins_and_others_are_left_out(
    cpo: PeerClient,
) -> None:
    PartyFactory(country_code="NL", party_id="EVC")
    cpo.put(PATH, per_kwh(0.9, **FOR_OTHERS))
    assert versions() == []
    cpo.put(PATH, per_kwh(0.5, last_updated=LATER))
    cpo.put(PATH, per_kwh(0.4, last_updated=LATEST, **FOR_US))
    cpo.put(PATH, per_kwh(0.6, last_updated="2026-06-01T12:00:00Z"))
    prices = [each.content["elements"][0]["price_components"][0]["price"] for each in versions()]
    assert prices == ["0.5", "0.4"]
    assert versions()[1].active_to is None


JUNE = "2026-06-01T12:00:00Z"


@pytest.mark.parametrize("page", [10, 1])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_a_pulled_differentiated_tariff_ours_wins_wherever_it_is_listed(
    peer: Peer, operator: OperatorServer, page: int, order: tuple[int, ...]
) -> None:
    listed = [
        per_kwh(0.4, **FOR_US),
        per_kwh(0.6, last_updated=JUNE),
        per_kwh(0.9, last_updated=JUNE, **FOR_OTHERS),
    ]
    operator.lists["tariffs"] = [listed[place] for place in order]
    operator.page = page
    for _ in range(2):
        assert pull(peer, full=True) == 0
    last = versions()[-1]
    assert last.content["elements"][0]["price_components"][0]["price"] == "0.4"
    assert last.active_to is None
    assert len(versions()) <= 2
    kept = KeptObject.objects.filter(module="tariffs").values_list("key", flat=True)
    assert sorted(kept) == ["T1", "T1\N{RIGHTWARDS ARROW}NL*EVC"]


def test_an_older_tariff_for_us_counts_before_a_newer_one_for_all(cpo: PeerClient) -> None:
    PartyFactory(country_code="NL", party_id="EVC")
    cpo.put(PATH, per_kwh(0.6, last_updated=JUNE))
    ours = per_kwh(0.4, last_updated=LATER, **FOR_US)
    assert status(cpo.put(PATH, ours)) == (201, 1000)
    assert versions()[-1].content["elements"][0]["price_components"][0]["price"] == "0.4"
    assert cpo.get(PATH).json()["data"] == ours
    older = per_kwh(0.3, **FOR_US)
    assert status(cpo.put(PATH, older)) == (200, 1000)
    assert cpo.get(PATH).json()["data"] == ours
    assert status(cpo.delete(PATH)) == (200, 1000)
    assert versions()[-1].active_to is not None
    assert status(cpo.get(PATH)) == (404, 2000)


def test_when_the_one_for_us_is_listed_no_more_that_for_all_counts(
    peer: Peer, operator: OperatorServer
) -> None:
    for_all = per_kwh(0.6)
    operator.lists["tariffs"] = [for_all, per_kwh(0.4, **FOR_US)]
    pull(peer)
    [version] = versions()
    assert version.content["elements"][0]["price_components"][0]["price"] == "0.4"
    operator.lists["tariffs"] = [for_all]
    pull(peer, full=True)
    ours, common = versions()
    assert ours.active_to == common.active_from
    assert common.content["elements"][0]["price_components"][0]["price"] == "0.6"
    pull(peer, full=True)
    assert len(versions()) == 2


def test_a_tariff_that_is_listed_for_others_only_is_ours_no_more(
    peer: Peer, operator: OperatorServer
) -> None:
    operator.lists["tariffs"] = [per_kwh(0.4, **FOR_US)]
    pull(peer)
    operator.lists["tariffs"] = [per_kwh(0.9, last_updated=LATER, **FOR_OTHERS)]
    pull(peer, full=True)
    [version] = versions()
    assert version.active_to is not None


def test_an_older_tariff_does_not_reach_the_book(cpo: PeerClient) -> None:
    cpo.put(PATH, per_kwh(0.5, last_updated=LATER))
    cpo.put(PATH, per_kwh(0.4))
    assert len(versions()) == 1


def test_a_withdrawn_tariff_is_in_force_no_more_until_it_comes_again(cpo: PeerClient) -> None:
    cpo.put(PATH, per_kwh(0.4))
    assert status(cpo.delete(PATH)) == (200, 1000)
    [version] = versions()
    assert version.active_to is not None
    cpo.put(PATH, per_kwh(0.4))
    assert versions()[1].active_to is None


def test_a_patch_of_2_1_1_makes_a_version_of_the_whole_tariff() -> None:
    PeerFactory(token="old", version="2.1.1")
    peer = PeerClient("old", "2.1.1")
    peer.put(PATH, per_kwh(0.4))
    peer.patch(PATH, {"currency": "NOK"})
    first, second = versions()
    assert (first.currency, second.currency) == ("EUR", "NOK")
    assert second.ocpi_version == "2.1.1"
    assert second.content["elements"] == first.content["elements"]


def test_a_tariff_that_cant_be_priced_is_kept_told_and_not_refused(cpo: PeerClient) -> None:
    with structlog.testing.capture_logs() as logs:
        assert status(cpo.put(PATH, UNREADABLE)) == (201, 1000)
    [told] = [each for each in logs if each["event"] == "tariff_not_in_book"]
    assert (told["log_level"], told["code"]) == ("warning", "UNREADABLE_FIELD")
    assert (told["operator"], told["tariff_id"]) == ("NL*CPO", "T1")
    assert versions() == []
    assert cpo.get(PATH).json()["data"] == UNREADABLE
    assert status(cpo.delete(PATH)) == (200, 1000)


def test_a_planned_version_is_replaced_and_withdrawn_as_the_operator_says(cpo: PeerClient) -> None:
    start = {"start_date_time": "2099-01-01T00:00:00Z"}
    cpo.put(PATH, per_kwh(0.3))
    cpo.put(PATH, per_kwh(0.4, last_updated=LATER, **start))
    assert status(cpo.put(PATH, per_kwh(0.5, last_updated=LATEST, **start))) == (200, 1000)
    current, first, second = versions()
    assert first.withdrawal_reason == "replaced by the operator"
    assert (second.withdrawn_at, second.active_to) == (None, None)
    assert current.active_to == second.active_from
    assert status(cpo.delete(PATH)) == (200, 1000)
    current, first, second = versions()
    assert second.withdrawn_at == current.active_to


def test_staff_see_at_the_object_whether_it_is_in_the_book(cpo: PeerClient) -> None:
    staff = Client()
    staff.force_login(User.objects.create_superuser("admin@example.com", "x" * 16))
    cpo.put(PATH, per_kwh(0.4))
    page = reverse("admin:roaming_keptobject_change", args=[KeptObject.objects.get().pk])
    assert "Version 1, from" in staff.get(page).content.decode()
    cpo.put(PATH, UNREADABLE | {"last_updated": LATER})
    assert "Not in the tariff book: tariff.max_price.excl_vat" in staff.get(page).content.decode()


def test_a_cdr_without_tariffs_is_priced_by_the_book(cpo: PeerClient) -> None:
    cpo.put(PATH, per_kwh(0.5, start_date_time="2026-01-01T00:00:00Z"))
    cpo.post("cdrs", cdr())
    stored = CDR.objects.get()
    assert stored.ocpi_version == "2.2.1"
    assert (stored.total_cost_excl_vat, stored.computed_cost_excl_vat) == (
        Decimal("4.6"), Decimal("5.75"),
    )  # fmt: skip


def test_pulled_tariffs_are_in_the_book_until_they_are_listed_no_more(
    peer: Peer, operator: OperatorServer
) -> None:
    operator.lists["tariffs"] = [tariff(1), tariff(2), UNREADABLE | {"id": "T3"}]
    assert pull(peer) == 0
    assert pull(peer, full=True) == 0
    assert {each.tariff.tariff_id for each in versions()} == {"T1", "T2"}
    assert len(versions()) == 2
    operator.lists["tariffs"] = [tariff(1)]
    pull(peer, full=True)
    ended = {each.tariff.tariff_id: each.active_to is not None for each in versions()}
    assert ended == {"T1": False, "T2": True}


def cdr_2_1_1(**changes: Any) -> dict[str, Any]:
    return {
        "id": "CDR1", "start_date_time": "2026-04-01T10:00:00Z",
        "stop_date_time": "2026-04-01T11:00:00Z", "auth_id": "0401", "auth_method": "WHITELIST",
        "location": {"id": "LOC1", "country": "NLD", "time_zone": "Europe/Amsterdam",
                     "evses": [{"uid": "E1", "connectors": [{"id": "1"}]}]},
        "currency": "EUR", "charging_periods": [period("2026-04-01T10:00:00Z", 11.5)],
        "total_cost": 4.6, "total_energy": 11.5, "total_time": 1,
        "last_updated": "2026-04-01T11:01:00Z",
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("version", "message", "net"),
    # 11.5 kWh at 0.484: 2.1.1 knows prices without VAT only, 2.3.0 says that 21 % are in it.
    [("2.1.1", cdr_2_1_1, "5.566"), ("2.2.1", cdr, "5.566"), ("2.3.0", cdr, "4.6")],
)
def test_a_cdr_is_priced_by_the_version_that_it_came_in(
    version: str, message: Any, net: str
) -> None:
    PeerFactory(token="secret", version=version)
    carried = per_kwh(0.484, tax_included="YES")
    sent = PeerClient("secret", version).post("cdrs", message(tariffs=[carried]))
    assert status(sent) == (201, 1000)
    stored = CDR.objects.get()
    assert stored.ocpi_version == version
    computed = stored.computed_cost_excl_vat
    assert computed is not None
    assert abs(computed - Decimal(net)) < Decimal("0.01")


def test_tariffs_from_before_the_book_are_brought_in_once(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    PeerFactory(token="left", roles=[role("NL*OTH")])
    with monkeypatch.context() as before:
        before.setattr("apps.roaming.services.tariffs.enter_tariff", lambda **said: None)
        cpo.put(PATH, per_kwh(0.4))
        cpo.put("tariffs/NL/CPO/T2", UNREADABLE | {"id": "T2"})
        cpo.put("tariffs/NL/CPO/T3", per_kwh(0.5, id="T3"))
        cpo.delete("tariffs/NL/CPO/T3")
        PeerClient("left").put("tariffs/NL/OTH/T1", per_kwh(0.6, party_id="OTH"))
    gone = Peer.objects.get(roles__0__party_id="OTH")
    gone.state = "UNREGISTERED"
    gone.save()
    assert versions() == []
    for _ in range(2):
        call_command("enter_kept_tariffs")
        assert capsys.readouterr().out.strip() == "1 in the book, 1 not taken"
    assert [version.tariff.tariff_id for version in versions()] == ["T1"]
