"""What staff ask of a peer's station: form, reason, permission, and the result on the page."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.audit.personal import destroy_keys
from apps.roaming.models import Exchange, KeptObject, SentCommand
from apps.roaming.persons import drivers_in
from tests.accounts.factories import TokenFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.messages import location, session
from tests.roaming.operator_server import OperatorServer
from tests.roaming.test_admin import act

pytestmark = pytest.mark.django_db


def staff_of(group: str) -> Client:
    user = User.objects.create_user(f"{group}@example.com", "x" * 16, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def support() -> Client:
    return staff_of("support")


@pytest.fixture
def cpo(make_peer: Any) -> PeerClient:
    """A connected operator with a location and a session that goes on."""
    make_peer(token="secret")
    peer = PeerClient("secret")
    peer.put("locations/NL/CPO/LOC1", location())
    peer.put("sessions/NL/CPO/S1", session())
    return peer


def ask(client: Client, kind: str, **fields: Any) -> str:
    url = reverse("admin:roaming_station_request", args=[kind])
    assert client.get(url).status_code == 200
    answer = client.post(url, {"reason": "the driver called", **fields}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def result_comes(cpo: PeerClient, operator: OperatorServer, **said: Any) -> None:
    seen = operator.seen[-1]
    url = seen.body["response_url"] if seen.body else seen.query["response_url"]
    path = url.removeprefix("http://testserver")
    assert status(cpo.post(path, {"result": "ACCEPTED", **said})) == (200, 1000)


def page_of(client: Client, sent: SentCommand) -> str:
    url = reverse("admin:roaming_sentcommand_change", args=[sent.pk])
    return client.get(url).content.decode()


def test_the_choice_leads_to_each_request(support: Client) -> None:
    page = support.get(reverse("admin:roaming_sentcommand_add")).content.decode()
    kinds = ("reserve", "unlock", "set-profile", "ask-profile", "clear-profile", "preferences")
    for kind in kinds:
        assert reverse("admin:roaming_station_request", args=[kind]) in page


def test_a_connector_is_unlocked_and_its_result_is_shown(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    page = ask(support, "unlock", evse="NL*CPO*E1", connector="1")
    assert "The operator answered: accepted." in page
    assert "What the charge may draw" not in page
    assert "data-follow" in page
    assert operator.seen[-1].path == "/2.2.1/commands/UNLOCK_CONNECTOR"
    assert operator.seen[-1].body["connector_id"] == "1"
    result_comes(cpo, operator, message=[{"language": "en", "text": "it is open"}])
    page = page_of(support, SentCommand.objects.get())
    assert "The station&#x27;s result: accepted. It says: it is open" in page
    assert "data-follow" not in page
    entry = Entry.objects.get(activity="sent UNLOCK_CONNECTOR")
    assert entry.reason == "the driver called"
    assert entry.actor_label == "support@example.com"


def test_an_evse_is_reserved_for_a_driver_and_the_reservation_cancelled(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    TokenFactory(contract_id="NL-EVC-C1")
    ask(support, "reserve", evse="NL*CPO*E1", token="NL-EVC-C1", minutes="20")
    sent = operator.seen[-1].body
    assert (sent["evse_uid"], sent["token"]["contract_id"]) == ("E1", "NL-EVC-C1")
    reservation = SentCommand.objects.get()
    assert (reservation.operator, reservation.reference) == ("NL*CPO", sent["reservation_id"])
    page = act(support, reservation, "cancel", reason="the driver left")
    assert operator.seen[-1].path.endswith("/CANCEL_RESERVATION")
    assert operator.seen[-1].body["reservation_id"] == reservation.reference
    assert "The operator answered: accepted." in page


def test_a_reservation_that_the_operator_cancels_later_says_so(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    """`mod_commands`: it calls the address of the RESERVE_NOW a second time."""
    TokenFactory(contract_id="NL-EVC-C1")
    ask(support, "reserve", evse="NL*CPO*E1", token="NL-EVC-C1", minutes="20")
    result_comes(cpo, operator)
    reservation = SentCommand.objects.get()
    assert "cancelled it" not in page_of(support, reservation)
    result_comes(cpo, operator, result="CANCELED_RESERVATION")
    page = page_of(support, reservation)
    assert "The station&#x27;s result: accepted. Later the operator cancelled it." in page
    listed = support.get(reverse("admin:roaming_sentcommand_changelist")).content.decode()
    assert "Accepted → Accepted → Reservation cancelled by the operator" in listed


def test_answers_are_shown_in_words_and_unknown_ones_as_they_came(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    ask(support, "unlock", evse="NL*CPO*E1", connector="1")
    result_comes(cpo, operator, result="EVSE_INOPERATIVE")
    result_comes(cpo, operator, result="OF_THE_FUTURE")
    page = page_of(support, SentCommand.objects.get())
    assert "The station&#x27;s result: EVSE out of order." in page
    assert "OF_THE_FUTURE" in page


def test_a_reservation_that_is_sent_twice_replaces_itself(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    TokenFactory(contract_id="NL-EVC-C1")
    url = reverse("admin:roaming_station_request", args=["reserve"])
    wish = {"evse": "NL*CPO*E1", "token": "NL-EVC-C1", "minutes": "20", "reason": "driver called"}

    def send(page: str, **other: str) -> str:
        assert page.count('name="attempt"') == 1
        [attempt] = re.findall(r'<input type="hidden" name="attempt" value="([^"]+)">', page)
        support.post(url, {**wish, "attempt": attempt, **other})
        return str(operator.seen[-1].body["reservation_id"])

    page = support.get(url).content.decode()
    refused = support.post(url, {**wish, "minutes": "0"}).content.decode()
    once, twice = send(page), send(page)
    assert once == twice
    assert 1 <= int(once) <= 2**31 - 1
    others = {send(page, minutes="30"), send(support.get(url).content.decode()), send(refused)}
    assert len(others | {once}) == 4


def test_a_charge_is_limited_asked_about_and_set_free(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    ask(support, "set-profile", session="s1", limit="16.0", unit="A", minutes="30")
    profile = operator.seen[-1].body["charging_profile"]
    assert (profile["charging_rate_unit"], profile["duration"]) == ("A", 1800)
    assert Decimal(str(profile["charging_profile_period"][0]["limit"])) == 16
    ask(support, "ask-profile", session="S1", minutes="60")
    assert operator.seen[-1].query["duration"] == "3600"
    steps = [
        {"start_period": 0, "limit": 11000.5}, {"start_period": 60, "limit": 400000.0},
        {"start_period": 90, "limit": 0},
    ]  # fmt: skip
    profile = {"charging_rate_unit": "W", "duration": 600, "charging_profile_period": steps}
    active = {"start_date_time": "2026-04-01T10:00:00Z", "charging_profile": profile}
    result_comes(cpo, operator, profile=active)
    sent = SentCommand.objects.order_by("sent_at").last()
    assert sent is not None
    shown = page_of(support, sent)
    assert "<th>from 1 Apr, 10:00:00 UTC</th><td>11,000.5 W</td>" in shown
    assert "<th>from 1 Apr, 10:01:00 UTC</th><td>400,000 W</td>" in shown
    assert "<th>from 1 Apr, 10:01:30 UTC</th><td>0 W</td>" in shown
    assert "<th>from 1 Apr, 10:10:00 UTC</th><td>the plan ends</td>" in shown
    assert status(cpo.put("chargingprofiles/S1", active)) == (200, 1000)
    kept = KeptObject.objects.get(module="chargingprofiles")
    url = reverse("admin:roaming_keptobject_change", args=[kept.pk])
    assert "11,000.5 W" in support.get(url).content.decode()
    ask(support, "clear-profile", session="S1")
    assert operator.seen[-1].method == "DELETE"


def test_preferences_are_answered_at_once(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    operator.faults = [(200, '{"status_code": 1000, "data": "ACCEPTED"}')]
    page = ask(
        support, "preferences", session="S1", profile_type="GREEN", energy_need="20",
        departure_time="2026-04-01T18:00",
    )  # fmt: skip
    assert operator.seen[-1].body == {
        "profile_type": "GREEN", "discharge_allowed": False, "energy_need": 20,
        "departure_time": "2026-04-01T18:00:00Z",
    }  # fmt: skip
    assert "The operator answered: accepted." in page
    assert SentCommand.objects.get().state == "RESULTED"


def test_what_was_not_delivered_is_told_and_kept(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    operator.faults = [(200, '{"status_code": 4003, "status_message": "offline"}')]
    page = ask(support, "unlock", evse="NL*CPO*E1", connector="1")
    assert "It was not delivered; once the peer is reached again, ask anew." in page
    operator.drop = True
    assert "The answer was lost" in ask(support, "unlock", evse="NL*CPO*E1", connector="1")
    assert set(SentCommand.objects.values_list("state", flat=True)) == {"REFUSED", "UNKNOWN"}


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("unlock", {"evse": "NL*XXX*E1", "connector": "1"}, "is not known"),
        ("unlock", {"evse": "NL*CPO*E1", "connector": "9"}, "has no connector 9"),
        ("unlock", {"evse": "NL*CPO*E1", "connector": "1", "reason": ""}, "required"),
        ("reserve", {"evse": "NL*CPO*E1", "token": "NONE", "minutes": "5"}, "not known"),
        ("clear-profile", {"session": "NONE"}, "No connected operator sent a session NONE"),
        ("set-profile", {"session": "S1", "limit": "-1", "unit": "A"}, "greater than or equal"),
    ],
)
def test_what_is_wrong_is_said_at_the_form_and_nothing_is_sent(
    support: Client, cpo: PeerClient, operator: OperatorServer, kind: str, fields: Any, said: str
) -> None:
    assert said in ask(support, kind, **fields)
    assert operator.seen == []
    assert not SentCommand.objects.exists()


def test_a_hub_without_the_command_is_not_asked(
    support: Client, make_peer: Any, operator: OperatorServer
) -> None:
    make_peer(profile="GIREVE", token="secret")
    PeerClient("secret").put("locations/NL/CPO/LOC1", location())
    page = ask(support, "unlock", evse="NL*CPO*E1", connector="1")
    assert "has no UNLOCK_CONNECTOR" in page
    assert operator.seen == []


def test_sessions_of_two_operators_with_one_id_are_told_apart(
    support: Client, cpo: PeerClient, operator: OperatorServer, make_peer: Any
) -> None:
    make_peer(hub=True, token="hub")
    PeerClient("hub").put("sessions/DE/ABC/S1", session(country_code="DE", party_id="ABC"))
    page = ask(support, "clear-profile", session="S1")
    assert "Several operators sent a session S1: DE*ABC, NL*CPO." in page
    ask(support, "clear-profile", session="S1", operator="DE*ABC")
    assert SentCommand.objects.get().operator == "DE*ABC"


def test_a_session_belongs_to_the_peer_that_sent_it_first(
    support: Client, cpo: PeerClient, operator: OperatorServer, make_peer: Any
) -> None:
    """A hub can't send it too, so that there is one way to it."""
    hub = make_peer(hub=True, token="hub")
    again = PeerClient("hub").put("sessions/NL/CPO/S1", session(kwh=9))
    assert status(again)[0] == 404
    PeerClient("hub").put("sessions/NL/CPO/S2", session(2))
    ask(support, "clear-profile", session="S1")
    assert SentCommand.objects.get().peer != hub
    ask(support, "clear-profile", session="S2")
    assert SentCommand.objects.exclude(peer=hub).count() == 1


def test_the_page_of_a_peers_session_leads_to_its_requests(
    support: Client, cpo: PeerClient
) -> None:
    kept = KeptObject.objects.get(module="sessions")
    url = reverse("admin:roaming_keptobject_change", args=[kept.pk])
    page = support.get(url).content.decode()
    assert "ask/set-profile?session=S1&amp;operator=NL%2ACPO" in page


def test_the_page_of_an_erased_drivers_session_is_shown(support: Client, cpo: PeerClient) -> None:
    [driver] = drivers_in("sessions", KeptObject.objects.get(module="sessions").body)
    destroy_keys([driver], now=timezone.now())
    kept = KeptObject.objects.get(module="sessions")
    page = support.get(reverse("admin:roaming_keptobject_change", args=[kept.pk]))
    assert page.status_code == 200
    assert "(erased)" in page.content.decode()


def test_finance_and_auditors_see_commands_and_ask_nothing(cpo: PeerClient) -> None:
    for group in ("finance", "auditor"):
        client = staff_of(group)
        assert client.get(reverse("admin:roaming_sentcommand_changelist")).status_code == 200
        assert client.get(reverse("admin:roaming_sentcommand_add")).status_code == 403
        url = reverse("admin:roaming_station_request", args=["unlock"])
        assert client.post(url, {"evse": "NL*CPO*E1"}).status_code == 403


def test_an_unknown_request_is_404(support: Client) -> None:
    url = reverse("admin:roaming_station_request", args=["explode"])
    assert support.get(url).status_code == 404


@pytest.mark.parametrize(
    "profile", [None, 7, "x", {}, {"start_date_time": "2026-04-01T10:00:00Z"},
                {"start_date_time": "2026-04-01T10:00:00Z", "charging_profile": {
                    "charging_rate_unit": "V", "charging_profile_period": [{}]}}]
)  # fmt: skip
def test_a_profile_that_can_not_be_read_stands_as_it_came(
    support: Client, cpo: PeerClient, operator: OperatorServer, profile: Any
) -> None:
    ask(support, "ask-profile", session="S1", minutes="60")
    result_comes(cpo, operator, profile=profile)
    assert "result&quot;: &quot;ACCEPTED" in page_of(support, SentCommand.objects.get())


def test_the_secret_of_a_callback_is_kept_nowhere(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    for kind in ("ask-profile", "clear-profile", "set-profile"):
        ask(support, kind, session="S1", minutes="60", limit="5", unit="A")
        result_comes(cpo, operator)
        seen = operator.seen[-1]
        url = seen.body["response_url"] if seen.body else seen.query["response_url"]
        secret = url.rsplit("/", 1)[-1]
        for exchange in Exchange.objects.values():
            assert secret not in str(exchange)


def test_what_an_answer_means_is_said(
    support: Client, cpo: PeerClient, operator: OperatorServer
) -> None:
    operator.faults = [
        (200, '{"status_code": 1000, "data": {"result": "UNKNOWN_SESSION", "timeout": 30}}')
    ]
    page = ask(support, "clear-profile", session="S1")
    assert "The operator answered: session not known. It may have ended." in page


def test_each_hint_and_fault_of_a_form_belongs_to_its_field(
    support: Client, cpo: PeerClient
) -> None:
    url = reverse("admin:roaming_station_request", args=["unlock"])
    page = support.post(url, {"evse": "NL*XXX*E1", "connector": "1"}).content.decode()
    for about in re.findall(r'aria-describedby="([^"]+)"', page):
        for name in about.split():
            assert f'id="{name}"' in page
    assert 'aria-describedby="id_evse_helptext id_evse_error"' in page
