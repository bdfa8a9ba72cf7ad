"""The door for partners and apps, through HTTP; and bad input at each door."""

import base64
import json
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Account
from apps.accounts.services.credentials import issue_credential
from apps.events.models import Event
from apps.payments.models import Payment
from apps.remote_sessions.models import Command, RemoteSession, TimelineEntry
from apps.remote_sessions.operators import unregister_gateway
from tests.accounts.factories import TokenFactory
from tests.locations.factories import ConnectorFactory, EvseFactory
from tests.remote_sessions.factories import fresh

PATH = "/api/v1/remote-sessions/"


class App:
    """A provider's app."""

    def __init__(self, **credential):
        self.text = str(issue_credential(name="app", **credential).text)
        self.client = Client(raise_request_exception=False)

    def post(self, path, body, **headers):
        return self.client.post(
            path, json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {self.text}"} | headers,
        )  # fmt: skip

    def get(self, path, **query):
        return self.client.get(path, query, headers={"Authorization": f"Bearer {self.text}"})


@pytest.fixture
def app(world):
    world.now = timezone.now()
    return App(provider=world.provider, scopes=["sessions:read", "sessions:write"])


@pytest.fixture
def wish(world):
    return {"token": world.token.contract_id, "evse_id": world.evse.evse_id}


def nothing_was_written() -> bool:
    kept = (RemoteSession, Command, TimelineEntry, Payment)
    return not any(model.objects.exists() for model in kept) and not Event.objects.exists()


def test_an_app_starts_follows_and_stops_a_charge(world, app, wish):
    answer = app.post(PATH, wish)
    assert answer.status_code == 201
    assert answer.json()["state"] == "STARTING"
    world.now = timezone.now()
    world.send_session(RemoteSession.objects.get())

    seen = app.get(answer["Location"]).json()
    assert (seen["state"], seen["session_id"], seen["kwh"]) == ("ACTIVE", "S-1", "1")
    assert seen["timeline"][0]["kind"] == "ASKED"

    stopped = app.post(f"{PATH}{seen['id']}/stop/", {"reason": "leaving"})
    assert stopped.json()["state"] == "STOPPING"
    assert len(world.operator_says.stops) == 1


def test_the_app_sees_what_the_charge_has_come_to(world, app, wish):
    world.provider.retail_price_per_kwh = Decimal("0.50")
    world.provider.save()
    started = app.post(PATH, wish).json()["id"]
    assert app.get(f"{PATH}{started}/").json()["running_total"] is None

    world.now = timezone.now()
    world.send_session(RemoteSession.objects.get(), kwh=Decimal(20))

    seen = app.get(f"{PATH}{started}/").json()["running_total"]
    assert seen == {"amount": "12.10", "currency": "EUR"}


def test_a_payment_is_blocked_and_shown(app, wish):
    paid = {"amount": "50.00", "currency": "EUR", "payment_method": "sandbox_card"}

    answer = app.post(PATH, wish | {"preauthorization": paid}).json()

    assert answer["payment"]["state"] == "PREAUTH_ACCEPTED"
    assert answer["payment"]["authorized_amount"] == "50.000"


def test_the_same_idempotency_key_starts_one_charge(world, app, wish):
    first = app.post(PATH, wish, **{"Idempotency-Key": "tap-1"})
    second = app.post(PATH, wish, **{"Idempotency-Key": "tap-1"})

    assert first.json()["id"] == second.json()["id"]
    assert len(world.operator_says.starts) == 1


def test_the_list_is_filtered_by_state_and_shows_own_only(world, app, wish):
    app.post(PATH, wish)
    stranger = App(provider=TokenFactory().account.provider, scopes=["sessions:read"])

    assert len(app.get(PATH, state="STARTING").json()["results"]) == 1
    assert app.get(PATH, state="ERROR").json()["results"] == []
    assert stranger.get(PATH).json()["results"] == []


def test_the_list_asks_a_fixed_number_of_queries(world, app, wish, django_assert_max_num_queries):
    for _ in range(5):
        world.token = TokenFactory(account=world.token.account)
        world.start()

    with django_assert_max_num_queries(8):
        assert len(app.get(PATH).json()["results"]) == 5


def test_another_providers_session_is_not_found(app, world, wish):
    mine = app.post(PATH, wish).json()["id"]
    scopes = ["sessions:read", "sessions:write"]
    stranger = App(provider=TokenFactory().account.provider, scopes=scopes)

    assert stranger.get(f"{PATH}{mine}/").status_code == 404
    assert stranger.post(f"{PATH}{mine}/stop/", {}).status_code == 404


def test_reading_does_not_allow_starting(world, wish):
    reader = App(provider=world.provider, scopes=["sessions:read"])

    assert reader.post(PATH, wish).status_code == 403
    assert nothing_was_written()


def test_a_roaming_peer_starts_nothing(wish):
    peer = App(operator_party="NL*EFL", scopes=["sessions:write", "sessions:read"])

    answer = peer.post(PATH, wish)

    assert (answer.status_code, answer.json()["code"]) == (403, "FOR_PROVIDERS_ONLY")


def refused(app, wish, status, code):
    answer = app.post(PATH, wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert nothing_was_written()


def test_an_unknown_token_is_refused(app, wish):
    refused(app, wish | {"token": "NL-XXX-C1"}, 404, "TOKEN_UNKNOWN")


def test_a_foreign_token_is_as_unknown_as_one_that_is_not_there(app, wish):
    refused(app, wish | {"token": TokenFactory().contract_id}, 404, "TOKEN_UNKNOWN")


def test_a_blocked_token_is_refused(world, app, wish):
    world.token.is_valid = False
    world.token.save()

    refused(app, wish, 409, "TOKEN_BLOCKED")


def test_a_stopped_account_is_refused(world, app, wish):
    world.token.account.status = Account.Status.STOPPED
    world.token.account.save()

    refused(app, wish, 409, "ACCOUNT_STOPPED")


@pytest.mark.parametrize("status", ["OUTOFORDER", "INOPERATIVE", "REMOVED", "BLOCKED", "PLANNED"])
def test_an_evse_out_of_order_is_refused(world, app, wish, status):
    world.evse.status = status
    world.evse.save()

    refused(app, wish, 409, "EVSE_NOT_USABLE")


def test_an_unknown_evse_is_refused(app, wish):
    refused(app, wish | {"evse_id": "NL*XXX*E1"}, 404, "EVSE_UNKNOWN")


def test_an_evse_of_two_locations_needs_its_location(world, app, wish):
    other = EvseFactory(uid=world.evse.uid)
    wish["evse_id"] = world.evse.uid
    refused(app, wish, 400, "EVSE_AMBIGUOUS")

    answer = app.post(PATH, wish | {"location_id": other.location.location_id})
    assert answer.json()["location_id"] == other.location.location_id


def test_an_evse_that_was_published_anew_is_the_one_that_stands(world, app, wish):
    again = EvseFactory(evse_id=world.evse.evse_id, location__operator=world.operator)
    world.evse.status = "REMOVED"
    world.evse.save()
    answer = app.post(PATH, wish)
    assert (answer.status_code, answer.json()["location_id"]) == (201, again.location.location_id)


def test_the_only_connector_is_named_to_the_operator(world, app, wish):
    ConnectorFactory(evse=world.evse, connector_id="gone", is_removed=True)
    ConnectorFactory(evse=world.evse, connector_id="2")
    app.post(PATH, wish)
    assert world.operator_says.starts[-1].connector_id == "2"


def test_of_several_connectors_none_is_named(world, app, wish):
    for connector_id in "12":
        ConnectorFactory(evse=world.evse, connector_id=connector_id)
    app.post(PATH, wish)
    assert world.operator_says.starts[-1].connector_id == ""


def test_an_unknown_connector_is_refused(app, wish):
    refused(app, wish | {"connector_id": "9"}, 404, "CONNECTOR_UNKNOWN")


def test_an_operator_nobody_is_connected_to_is_refused(world, app, wish):
    unregister_gateway(world.operator_says)
    try:
        refused(app, wish, 409, "OPERATOR_NOT_CONNECTED")
    finally:
        from apps.remote_sessions.operators import register_gateway

        register_gateway(world.operator_says)


@pytest.mark.parametrize(
    "blocked",
    [
        {"amount": "0", "currency": "EUR", "payment_method": "x"},
        {"amount": "-5", "currency": "EUR", "payment_method": "x"},
        {"amount": "lots", "currency": "EUR", "payment_method": "x"},
        {"amount": "5", "currency": "euro", "payment_method": "x"},
        {"amount": "5", "currency": "EUR"},
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(app, wish, blocked):
    refused(app, wish | {"preauthorization": blocked}, 400, "INVALID_INPUT")


def test_an_unknown_currency_is_refused(app, wish):
    blocked = {"amount": "5", "currency": "XXX", "payment_method": "x"}
    refused(app, wish | {"preauthorization": blocked}, 400, "UNKNOWN_CURRENCY")


def test_a_second_start_names_the_first(app, wish):
    first = app.post(PATH, wish).json()["id"]

    answer = app.post(PATH, wish)

    assert (answer.status_code, answer.json()["remote_session"]) == (409, first)


def test_a_charge_that_has_ended_can_not_be_stopped(world, app, wish):
    started = app.post(PATH, wish).json()["id"]
    world.send_cdr(RemoteSession.objects.get())

    answer = app.post(f"{PATH}{started}/stop/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "REMOTE_SESSION_ENDED")


# The door of the simulated operator


@pytest.fixture
def simulator(settings):
    settings.SIMULATED_OPERATOR_TOKEN = "s3cret"

    def send(method, path, body, token="s3cret"):
        content = body if isinstance(body, str) else json.dumps(body)
        auth = "Token " + base64.b64encode(token.encode()).decode()
        return getattr(Client(raise_request_exception=False), method)(
            f"/operators/simulated/{path}", content, content_type="application/json",
            headers={"Authorization": auth},
        )  # fmt: skip

    return send


def test_the_callback_takes_the_result_of_its_command(world, simulator):
    remote_session = world.start()
    order = world.operator_says.starts[0]
    path = f"commands/{order.command_id}/{order.callback_secret}"

    answer = simulator("post", path, {"result": "EVSE_OCCUPIED"})

    assert answer.json()["status_code"] == 1000
    assert fresh(remote_session).state == "CANCELLED"


def test_a_callback_with_the_wrong_secret_changes_nothing(world, simulator):
    remote_session = world.start()
    path = f"commands/{world.operator_says.starts[0].command_id}/guessed"

    answer = simulator("post", path, {"result": "REJECTED"})

    assert answer.status_code == 403
    assert "CALLBACK_REFUSED" in answer.json()["status_message"]
    assert fresh(remote_session).state == "STARTING"


def test_a_result_for_an_unknown_command_is_refused(db, simulator):
    answer = simulator("post", f"commands/{uuid4()}/any", {"result": "ACCEPTED"})

    assert answer.status_code == 404
    assert "COMMAND_UNKNOWN" in answer.json()["status_message"]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"result": 5}', "{}"])
def test_a_result_that_is_none_is_refused(world, simulator, body):
    remote_session = world.start()
    order = world.operator_says.starts[0]

    answer = simulator("post", f"commands/{order.command_id}/{order.callback_secret}", body)

    assert (answer.status_code, answer.json()["status_code"]) == (400, 2000)
    assert fresh(remote_session).state == "STARTING"


@pytest.mark.parametrize(
    "path",
    ["cdrs", "sessions/NL/SIM/S-1", "commands/01a1fbe8-fa8b-72da-be16-241318601254/secret"],
)
def test_the_door_is_closed_without_the_token(db, simulator, path):
    assert simulator("post", path, {}, token="other").status_code == 401


def test_the_door_is_closed_when_no_token_is_set(db, simulator, settings):
    settings.SIMULATED_OPERATOR_TOKEN = ""

    assert simulator("post", "cdrs", {}, token="").status_code == 401


@pytest.mark.parametrize("body", [{}, {"id": "S-1"}, "not json", {"cdr_token": 5}])
def test_what_is_no_session_and_no_cdr_is_refused(db, simulator, body):
    for method, path in (("put", "sessions/NL/SIM/S-1"), ("post", "cdrs")):
        answer = simulator(method, path, body)
        assert answer.status_code == 400
        assert "MESSAGE_UNREADABLE" in answer.json()["status_message"]
