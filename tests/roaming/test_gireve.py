"""The Gireve hub: each rule of its technical guides (GIREVE_Tech_OCPI_V2.1.1 and _V2.2.1)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.cdrs.models import CDR, ChargingSession
from apps.core.ids import new_id
from apps.locations.models import Evse, Location
from apps.remote_sessions import operators, services
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.operators import StopOrder
from apps.roaming.gateway import OcpiGateway
from apps.roaming.models import Exchange, KeptObject, Peer, Push
from apps.roaming.services.delivering import deliver_queue
from apps.roaming.services.invitations import invite_peer
from apps.roaming.services.pulling import pull_module
from apps.roaming.services.replaying import resend
from apps.roaming.services.selftest import check_peer
from apps.roaming.services.token_pushes import push_changed_tokens
from tests.accounts.factories import AccountFactory, ProviderFactory, TokenFactory
from tests.locations.factories import EvseFactory, LocationFactory, OperatorFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, role
from tests.roaming.messages import cdr, evse, location, session, tariff
from tests.roaming.operator_server import OperatorServer
from tests.roaming.test_commands import start_order

pytestmark = pytest.mark.django_db
CARD = "1A2B3C4D5E6F70"
PARTY = {"country_code", "party_id"}


def of_2_1_1(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A session or CDR as the hub sends it: no parties, the operator's id in its name."""
    old = {
        name: value for name, value in message.items()
        if name not in {"country_code", "party_id", "cdr_token", "cdr_location"}
    }  # fmt: skip
    place = location(operator={"name": "FR*ABC"})
    return old | {"auth_id": "NL-EVC-C1", "location": place} | changes


@pytest.fixture
def hub(make_peer: Any) -> PeerClient:
    make_peer("2.1.1", profile="GIREVE", token="iop")
    return PeerClient("iop", "2.1.1")


@pytest.mark.parametrize(("profile", "party"), [("GIREVE", "007"), ("GIREVE_TEST", "107")])
def test_every_request_of_2_2_1_is_addressed_to_the_hub(
    make_peer: Any, operator: OperatorServer, profile: str, party: str
) -> None:
    peer = make_peer(profile=profile)
    TokenFactory(uid=CARD)
    push_changed_tokens(peer=peer, now=timezone.now())
    deliver_queue(peer=peer)
    operator.lists["cdrs"] = []
    pull_module(peer=peer, module="cdrs")
    OcpiGateway().send_start(start_order(token_uid=CARD))
    for seen in operator.seen:
        named = {name: seen.headers.get(f"ocpi-{name}") for name in ("to-country-code",
                 "to-party-id", "from-country-code", "from-party-id")}  # fmt: skip
        assert list(named.values()) == ["FR", party, "NL", "EVC"], seen.path
    assert {seen.method for seen in operator.seen} == {"PUT", "GET", "POST"}


@pytest.mark.parametrize(
    ("presented", "addressed"),
    [(["FR*107"], "107"), (["FR*107", "FR*007"], "007"), ([], "007")],
)
def test_the_hub_is_addressed_as_it_presented_itself(
    make_peer: Any, operator: OperatorServer, presented: list[str], addressed: str
) -> None:
    peer = make_peer(
        profile="GIREVE", roles=[role(party, "HUB") for party in presented],
        hub_party=presented[0] if presented else "",
    )  # fmt: skip
    operator.lists["locations"] = []
    pull_module(peer=peer, module="locations")
    assert operator.seen[-1].headers["ocpi-to-party-id"] == addressed


def test_each_of_our_parties_speaks_for_itself(make_peer: Any, operator: OperatorServer) -> None:
    """«Headers-From» is «the operator that requests»: the party of the driver."""
    peer = make_peer(profile="GIREVE")
    voltly = ProviderFactory()
    PartyFactory(country_code="GB", party_id="VLT", provider=voltly)
    TokenFactory(uid=CARD, account=AccountFactory(provider=voltly))
    push_changed_tokens(peer=peer, now=timezone.now())
    deliver_queue(peer=peer)
    OcpiGateway().send_start(start_order(token_uid=CARD))
    OcpiGateway().send_stop(StopOrder(new_id(), "x" * 43, new_id(), "NL*CPO", voltly.pk, "S1", 2))
    assert [seen.method for seen in operator.seen] == ["PUT", "POST", "POST"]
    for seen in operator.seen:
        sender = (seen.headers["ocpi-from-country-code"], seen.headers["ocpi-from-party-id"])
        assert sender == ("GB", "VLT"), seen.path
        assert seen.headers["ocpi-to-party-id"] == "007"


def test_only_the_list_of_one_operator_names_it_in_2_1_1(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer("2.1.1", profile="GIREVE")
    operator.lists["tariffs"] = []
    pull_module(peer=peer, module="tariffs", operator="FR*ABC")
    [asked] = operator.seen
    routing = {n: value for n, value in asked.headers.items() if n.startswith("ocpi-")}
    assert routing == {"ocpi-to-country-code": "FR", "ocpi-to-party-id": "ABC"}


def test_a_message_is_repeated_with_the_routing_that_it_had(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer("2.1.1", profile="GIREVE")
    operator.lists["tariffs"] = []
    pull_module(peer=peer, module="tariffs", operator="FR*ABC")
    resend(exchange=Exchange.objects.get())
    first, again = operator.seen
    assert (again.path, again.headers["ocpi-to-party-id"]) == (first.path, "ABC")


def test_credentials_carry_no_routing(make_peer: Any, operator: OperatorServer) -> None:
    peer = make_peer(profile="GIREVE")
    check_peer(peer=peer)
    asked = [seen for seen in operator.seen if "credentials" in seen.path]
    assert asked
    assert not any("ocpi-to-party-id" in seen.headers for seen in asked)


def test_requests_of_2_1_1_have_no_routing(make_peer: Any, operator: OperatorServer) -> None:
    peer = make_peer("2.1.1", profile="GIREVE")
    TokenFactory(uid=CARD)
    push_changed_tokens(peer=peer, now=timezone.now())
    deliver_queue(peer=peer)
    operator.lists["locations"] = []
    pull_module(peer=peer, module="locations")
    OcpiGateway().send_start(start_order(token_uid=CARD))
    OcpiGateway().send_stop(StopOrder(new_id(), "x" * 43, new_id(), "NL*CPO", new_id(), "S1", 2))
    assert [seen.method for seen in operator.seen] == ["PUT", "GET", "POST", "POST"]
    assert not any(name.startswith("ocpi-") for seen in operator.seen for name in seen.headers)


@pytest.mark.parametrize(
    ("version", "sizes"),
    [
        ("2.1.1", {"locations": "20", "cdrs": "20", "tariffs": "100", "sessions": None}),
        ("2.2.1", {"locations": "100", "cdrs": "20", "tariffs": "100", "sessions": None}),
    ],
)
def test_each_module_is_asked_for_pages_of_its_limit(
    make_peer: Any, operator: OperatorServer, version: str, sizes: dict[str, str | None]
) -> None:
    peer = make_peer(version, profile="GIREVE")
    operator.lists = {module: [] for module in sizes}
    for module, size in sizes.items():
        pull_module(peer=peer, module=module)
        assert operator.seen[-1].query.get("limit") == size, module


def test_a_location_keeps_its_time_when_a_status_changes_and_still_brings_news(
    make_peer: Any, operator: OperatorServer
) -> None:
    """«EVSE.status updates are not considered» in lists, so that their locations stay older."""
    peer = make_peer("2.1.1", profile="GIREVE", token="iop")
    hub = PeerClient("iop", "2.1.1")
    old = {name: value for name, value in location().items() if name not in PARTY}
    old["operator"] = {"name": "FR*ABC"}
    operator.lists["locations"] = [old]
    pull_module(peer=peer, module="locations")
    busy = {"status": "CHARGING", "last_updated": "2026-04-03T10:00:00Z"}
    assert status(hub.patch("locations/FR/ABC/LOC1/E1", busy)) == (200, 1000)
    operator.lists["locations"] = [{**old, "name": "New", "last_updated": "2026-04-02T10:00:00Z"}]
    pull_module(peer=peer, module="locations", full=True)
    assert Location.objects.get().name == "New"
    assert Evse.objects.get().status == "CHARGING"
    kept = hub.get("locations/FR/ABC/LOC1").json()["data"]
    assert kept["evses"][0]["last_updated"] == kept["last_updated"] == "2026-04-03T10:00:00Z"
    operator.lists["locations"][0]["last_updated"] = "2026-04-04T10:00:00Z"
    pull_module(peer=peer, module="locations", full=True)
    assert Evse.objects.get().status == "AVAILABLE"


def test_a_start_needs_an_evse_and_does_not_leave_without(
    make_peer: Any, operator: OperatorServer
) -> None:
    make_peer(profile="GIREVE")
    TokenFactory(uid=CARD)
    with pytest.raises(operators.NotDelivered, match="without an EVSE"):
        OcpiGateway().send_start(start_order(token_uid=CARD, evse_uid=""))
    assert operator.seen == []


def test_the_authorization_id_of_2_1_1_is_the_reference_of_sessions_and_cdrs(
    hub: PeerClient,
) -> None:
    sent = of_2_1_1(session(), authorization_id="ref-7", start_datetime="2026-04-01T10:00:00Z")
    assert status(hub.put("sessions/FR/ABC/S1", sent)) == (201, 1000)
    bill = of_2_1_1(cdr(), authorization_id="ref-7", stop_date_time="2026-04-01T11:00:00Z",
                    total_cost=4.6)  # fmt: skip
    assert status(hub.post("cdrs", bill)) == (201, 1000)
    for stored in (ChargingSession.objects.get(), CDR.objects.get()):
        assert (stored.authorization_reference, stored.party) == ("ref-7", "FR*ABC")


@pytest.mark.parametrize(
    ("named", "evse_id", "party"),
    [
        ({"name": "FR*ABC"}, "FR*XYZ*E1", "FR*ABC"),
        ({"name": "Charges Ltd"}, "FR*XYZ*E1", "FR*XYZ"),
        (None, "frxyze1", "FR*XYZ"),
        (None, "EVSE 1", "FR*107"),
    ],
)
def test_a_cdr_whose_location_names_no_party_is_of_the_operator_of_its_evse(
    make_peer: Any, named: Any, evse_id: str, party: str
) -> None:
    make_peer("2.1.1", profile="GIREVE_TEST", token="iop", roles=[role("FR*107")])
    bill = of_2_1_1(cdr(), stop_date_time="2026-04-01T11:00:00Z", total_cost=4.6)
    bill["location"] = location(operator=named, evses=[evse(evse_id=evse_id)])
    assert status(PeerClient("iop", "2.1.1").post("cdrs", bill)) == (201, 1000)
    assert CDR.objects.get().party == party


def test_a_remark_says_whose_the_cost_is(hub: PeerClient) -> None:
    bill = of_2_1_1(cdr(), stop_date_time="2026-04-01T11:00:00Z", total_cost=0, remark="[?]")
    hub.post("cdrs", bill)
    codes = {reason["code"] for reason in CDR.objects.get().hold_reasons}
    assert "COST_NOT_SIGNIFICANT" in codes


def test_a_price_is_rounded_as_the_hub_says(make_peer: Any, operator: OperatorServer) -> None:
    peer = make_peer("2.1.1", profile="GIREVE", token="iop")
    LocationFactory(location_id="LOC1", operator=OperatorFactory(country_code="FR", party_id="ABC"))
    rounding = {"round_granularity": "TENTH", "round_rule": "ROUND_UP"}
    part = {"type": "ENERGY", "price": 0.333, "step_size": 1, "price_round": rounding}
    operator.lists["tariffs"] = [
        tariff(country_code="FR", party_id="ABC", elements=[{"price_components": [part]}],
               start_date_time="2026-01-01T00:00:00Z")
    ]  # fmt: skip
    assert pull_module(peer=peer, module="tariffs", operator="FR*ABC").unread == 0
    bill = of_2_1_1(
        cdr(), stop_date_time="2026-04-01T11:00:00Z", total_cost=3.9,
        tariffs=operator.lists["tariffs"],
    )  # fmt: skip
    assert status(PeerClient("iop", "2.1.1").post("cdrs", bill)) == (201, 1000)
    # 11.5 kWh at 0.333 are 3.8295.
    assert CDR.objects.get().computed_cost_excl_vat == Decimal("3.9")


def test_cards_are_pushed_and_asked_for_with_leading_zeros(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer(profile="GIREVE")
    TokenFactory(uid="4A5B6C", contract_id="NL-EVC-C1")
    push_changed_tokens(peer=peer, now=timezone.now())
    deliver_queue(peer=peer)
    assert operator.seen[-1].path.endswith("/tokens/NL/EVC/004A5B6C")
    assert operator.seen[-1].body["uid"] == "004A5B6C"
    OcpiGateway().send_start(start_order(token_uid="4A5B6C"))
    assert operator.seen[-1].body["token"]["uid"] == "004A5B6C"


@pytest.mark.parametrize(
    ("stored", "asked", "found"),
    [
        ("0A1B2C3", "00A1B2C3", True),
        ("A1B2C3", "00a1b2c3", True),
        ("00A1B2C3", "A1B2C3", True),
        ("04A5B6C7D8E", "00004A5B6C7D8E", True),
        ("A1B2C3", "00000000A1B2C3", False),
    ],
)
def test_a_card_is_found_however_many_leading_zeros_it_was_stored_with(
    hub: PeerClient, stored: str, asked: str, found: bool
) -> None:
    TokenFactory(uid=stored)
    answer = status(hub.post(f"tokens/{asked}/authorize?type=RFID", None))
    assert answer == ((200, 1000) if found else (404, 2004))


def test_the_uid_as_it_stands_comes_before_that_with_other_zeros(hub: PeerClient) -> None:
    TokenFactory(uid="A1B2C3", is_valid=False)
    TokenFactory(uid="00A1B2C3")
    answer = hub.post("tokens/00A1B2C3/authorize", None)
    assert answer.json()["data"]["allowed"] == "ALLOWED"


def test_an_app_token_is_no_card_with_zeros_left_out(hub: PeerClient) -> None:
    TokenFactory(uid="A1B2C3", kind="APP_USER")
    assert status(hub.post("tokens/00A1B2C3/authorize", None)) == (404, 2004)


def test_the_daily_pull_of_tokens_is_answered_by_pages(
    hub: PeerClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        TokenFactory(uid=f"{number:014X}")
    path, uids = "tokens?limit=2&date_from=2020-01-01T00:00:00Z", []
    while path:
        answer = hub.get(path)
        assert answer.headers["X-Total-Count"] == "5"
        assert int(answer.headers["X-Limit"]) >= 1000
        uids += [token["uid"] for token in answer.json()["data"]]
        link = answer.headers.get("Link", "")
        path = link[1 : link.index(">")].removeprefix("http://testserver") if link else ""
    assert uids == [f"{number:014X}" for number in range(5)]


def test_after_its_delete_the_hub_registers_anew_and_what_waits_is_sent(
    hub: PeerClient, operator: OperatorServer
) -> None:
    peer = Peer.objects.get()
    TokenFactory(uid=CARD)
    push_changed_tokens(peer=peer, now=timezone.now())
    assert status(hub.delete("credentials")) == (200, 1000)
    assert deliver_queue(peer=peer) == 0
    again = PeerClient(invite_peer(peer=peer, now=timezone.now()), "2.1.1")
    operator.tokens = {"token-c", "token-new"}
    assert status(again.post("credentials", operator.own_credentials("token-new"))) == (200, 1000)
    peer.refresh_from_db()
    assert deliver_queue(peer=peer) == 1
    assert operator.seen[-1].headers["authorization"] == "Token token-new"


def test_what_the_hub_does_not_take_waits_and_goes_out_in_order(
    make_peer: Any, operator: OperatorServer
) -> None:
    peer = make_peer(profile="GIREVE")
    cards = [TokenFactory(uid=f"04{number:012X}") for number in range(3)]
    push_changed_tokens(peer=peer, now=timezone.now())
    operator.faults = [(503, None)]
    assert deliver_queue(peer=peer) == 0
    peer.queue.refresh_from_db()
    peer.queue.retry_at = timezone.now() - timedelta(seconds=1)
    peer.queue.save()
    assert deliver_queue(peer=peer) == 3
    assert [seen.body["uid"] for seen in operator.seen] == [cards[0].uid, *(c.uid for c in cards)]
    assert not Push.objects.filter(state="WAITING").exists()


def test_what_we_fail_at_is_no_success_so_that_the_hub_sends_it_again(
    hub: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = of_2_1_1(cdr(), stop_date_time="2026-04-01T11:00:00Z", total_cost=4.6)
    with monkeypatch.context() as broken:
        broken.setattr("apps.roaming.server.receiving.read_peer_cdr", None)
        assert status(hub.post("cdrs", bill)) == (500, 3000)
    assert not KeptObject.objects.exists()
    assert status(hub.post("cdrs", bill)) == (201, 1000)
    assert status(hub.post("cdrs", bill)) == (200, 1000)


@pytest.mark.django_db(transaction=True)
def test_a_charge_that_comes_back_under_the_hubs_ids_is_recognised(
    make_peer: Any, operator: OperatorServer
) -> None:
    make_peer(profile="GIREVE", token="iop")
    hub = PeerClient("iop")
    place = LocationFactory(
        location_id="LOC1", operator=OperatorFactory(country_code="NL", party_id="CPO")
    )
    hub.put("locations/NL/CPO/LOC1", location())
    evse = EvseFactory(location=place, uid="E9", evse_id="NL*CPO*E9")
    token = TokenFactory(uid=CARD, contract_id="NL-EVC-C1")
    now = timezone.now()
    wished = services.request_start(
        provider=token.account.provider, token=token, evse=evse, now=now
    ).remote_session
    begun = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    theirs = {
        "evse_uid": "E9", "start_date_time": begun, "last_updated": begun,
        "authorization_reference": "IOP-REF", "charging_periods": [],
    }  # fmt: skip
    assert status(hub.put("sessions/NL/CPO/IOP-1", session(id="IOP-1", **theirs))) == (201, 1000)
    wished.refresh_from_db()
    assert (wished.state, wished.session_matched_by) == ("ACTIVE", "TOKEN_EVSE_TIME")
    assert (wished.operator_session_id, wished.operator_authorization_reference) == (
        "IOP-1", "IOP-REF",
    )  # fmt: skip
    assert wished.authorization_reference != "IOP-REF"
    services.request_stop(
        remote_session_id=wished.pk, by=RemoteSession.StopBy.DRIVER, now=timezone.now()
    )
    assert operator.seen[-1].body["session_id"] == "IOP-1"
    bill = cdr(session_id="IOP-1", authorization_reference="IOP-REF", start_date_time=begun,
               end_date_time=begun, last_updated=begun)  # fmt: skip
    assert status(hub.post("cdrs", bill)) == (201, 1000)
    wished.refresh_from_db()
    assert wished.state == "COMPLETED"
    assert wished.cdr == CDR.objects.get()
