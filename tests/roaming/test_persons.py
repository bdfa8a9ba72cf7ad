"""What is kept of messages lies under the keys of the drivers whom they name."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from apps.accounts.models import Token
from apps.audit.models import Entry
from apps.audit.personal import ERASED
from apps.audit.persons import export_person, find_person
from apps.locations.models import Evse
from apps.roaming.models import Exchange, KeptObject, Peer, Push, PushQueue, SentCommand
from apps.roaming.persons import drivers_in, protect_page
from apps.roaming.services.delivering import deliver_queue
from apps.roaming.services.invitations import resume_peer, suspend_peer
from apps.roaming.services.queueing import Message, enqueue, purge_pushes
from apps.roaming.services.registration import disconnect
from apps.roaming.services.token_pushes import push_changed_tokens
from tests.accounts.factories import TokenFactory
from tests.locations.factories import EvseFactory, LocationFactory, OperatorFactory
from tests.remote_sessions.factories import ScriptedOperator, World
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PartyFactory, PeerFactory, role
from tests.roaming.messages import cdr, location, session
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db
CONTRACT, CARD = "NL-EVC-CANN0007-X", "04ANN7"


def stored(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return str(cursor.fetchall())


def erase(who: str) -> None:
    call_command("erase_person", who, "--reason", "asked to", "--yes")


def of_driver(contract: str, uid: str) -> dict[str, Any]:
    token = session()["cdr_token"] | {"uid": uid, "contract_id": contract}
    return {"cdr_token": token}


@pytest.fixture
def token() -> Token:
    return TokenFactory(contract_id=CONTRACT, uid=CARD)


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def test_a_list_of_many_drivers_is_erased_driver_by_driver(token: Token, cpo: PeerClient) -> None:
    PartyFactory()
    TokenFactory(contract_id="NL-EVC-CBOB0008-X", uid="04BOB8")
    assert len(cpo.get("tokens").json()["data"]) == 2
    listed = Exchange.objects.get()
    uids = [each["uid"] for each in json.loads(listed.response_body)["data"]]
    assert sorted(uids) == [CARD, "04BOB8"]
    assert "04BOB8" not in stored("roaming_exchange")
    erase(CARD)
    listed.refresh_from_db()
    assert "04BOB8" in listed.response_body
    assert ERASED in listed.response_body
    assert CARD not in listed.response_body


def test_a_long_list_is_cut_between_its_objects() -> None:
    objects = [of_driver(f"NL-EVC-C{n}", f"04{n}") for n in range(10)]
    text = json.dumps({"data": objects, "status_code": 1000})
    kept = protect_page("sessions", text, drivers_in("sessions", text), limit=600)
    assert kept.count("pd1.") == 5
    assert kept.endswith(f"… ({len(text)} characters)")


def test_the_body_of_a_taken_cdr_is_kept_with_the_cdr(token: Token, cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    sent = cdr(**of_driver(CONTRACT, CARD))
    assert status(cpo.post("cdrs", sent)) == (201, 1000)
    exchange = Exchange.objects.get(module="cdrs")
    assert (exchange.request_body, bool(exchange.cdr_id)) == ("", True)
    from apps.roaming.services.exchanges import request_body_of

    assert json.loads(request_body_of(exchange)) == sent
    erase(CARD)
    assert request_body_of(exchange) == ERASED
    assert status(cpo.get(f"cdrs/{exchange.cdr_id}"))[0] == 404


def test_a_session_of_an_erased_driver_is_not_patched_but_may_be_sent_whole(
    token: Token, cpo: PeerClient
) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    message = session(**of_driver(CONTRACT, CARD), status="COMPLETED")
    cpo.put("sessions/NL/CPO/S1", message)
    erase(CARD)
    change = {"kwh": 2, "last_updated": "2026-04-01T12:00:00Z"}
    assert status(cpo.patch("sessions/NL/CPO/S1", change))[0] == 404
    assert KeptObject.objects.get(module="sessions").body == ERASED


def test_peers_that_know_a_token_are_told_that_it_ended_and_then_it_is_forgotten(
    token: Token, make_peer: Any, operator: OperatorServer
) -> None:
    peer: Peer = make_peer()
    push_changed_tokens(peer=peer, now=token.updated_at)
    deliver_queue(peer=peer)
    assert CARD not in json.dumps(stored("roaming_push").replace(Push.objects.get().path, ""))
    erase(CARD)
    assert Push.objects.filter(state="WAITING").count() == 1
    deliver_queue(peer=peer)
    last = [seen for seen in operator.seen if CARD in seen.path][-1]
    assert last.body["valid"] is False
    for table in ("roaming_push", "roaming_exchange"):
        assert CARD not in stored(table)
        assert CONTRACT not in stored(table)
    assert {push.body for push in Push.objects.all()} == {ERASED}


def test_a_peer_is_told_also_when_the_note_of_the_push_ended_by_age(
    token: Token, make_peer: Any, operator: OperatorServer, settings: Any
) -> None:
    peer: Peer = make_peer(token="secret")
    now = timezone.now()
    push_changed_tokens(peer=peer, now=now)
    deliver_queue(peer=peer)
    assert purge_pushes(now=now + timedelta(days=settings.OCPI_LOG_DAYS + 1)) == 1
    erase(CARD)
    push_changed_tokens(peer=peer, now=now)
    deliver_queue(peer=peer)
    first, last = operator.seen
    assert first.path == last.path
    assert last.body == {**first.body, "valid": False, "last_updated": ANY}
    assert PeerClient("secret").get("tokens").json()["data"] == []
    erase(str(token.account_id))
    assert not Push.objects.filter(state="WAITING").exists()


def test_what_still_waited_is_taken_out_and_holds_nothing_up(
    token: Token, make_peer: Any, operator: OperatorServer, settings: Any
) -> None:
    peer: Peer = make_peer()
    push_changed_tokens(peer=peer, now=timezone.now())
    operator.faults = [(500, None)]
    assert deliver_queue(peer=peer) == 0
    assert PushQueue.objects.get().retry_at is not None
    erase(CARD)
    taken_out = Push.objects.get(state="CANCELLED")
    assert taken_out.settled_at is not None
    assert (PushQueue.objects.get().attempts, PushQueue.objects.get().retry_at) == (0, None)
    assert deliver_queue(peer=peer) == 1
    assert operator.seen[-1].body["valid"] is False
    later = timezone.now() + timedelta(days=settings.OCPI_LOG_DAYS + 1)
    assert purge_pushes(now=later) == 2
    assert not Push.objects.exists()


def test_what_was_stored_before_it_was_protected_is_after_the_migration(
    token: Token, cpo: PeerClient, make_peer: Any
) -> None:
    migration = import_module("apps.roaming.migrations.0009_protect_stored_messages")
    name = migration.__name__.rpartition(".")[2]
    apps = MigrationLoader(connection).project_state(("roaming", name)).apps
    cpo.put("locations/NL/CPO/LOC1", location())
    cpo.put("sessions/NL/CPO/S1", session(**of_driver(CONTRACT, CARD), status="COMPLETED"))
    push_changed_tokens(peer=make_peer(roles=[role("NL*TWO")]), now=timezone.now())
    kept, push = KeptObject.objects.get(module="sessions"), Push.objects.get()
    plain = {each: apps.get_model("roaming", each).objects for each in ("KeptObject", "Push")}
    plain["KeptObject"].filter(pk=kept.pk).update(body=kept.body)
    plain["Push"].update(body=push.body, label=push.label)
    assert CONTRACT in stored("roaming_keptobject")
    assert CONTRACT in stored("roaming_push")
    for _ in range(2):
        migration.protect_messages(apps, None)
    assert CONTRACT not in stored("roaming_keptobject")
    assert CONTRACT not in stored("roaming_push")
    assert KeptObject.objects.get(pk=kept.pk).body == kept.body
    again = Push.objects.get()
    assert (again.body, again.label) == (push.body, push.label)
    assert "LOC1" in stored("roaming_keptobject")
    erase(CARD)
    assert KeptObject.objects.get(pk=kept.pk).body == ERASED


def test_a_peer_that_was_never_sent_the_token_hears_nothing_of_it(
    token: Token, make_peer: Any, operator: OperatorServer
) -> None:
    never: Peer = make_peer()
    before: Peer = make_peer(roles=[role("NL*TWO")])
    push_changed_tokens(peer=before, now=token.created_at - timedelta(days=1))
    Push.objects.all().delete()
    erase(CARD)
    for peer in (never, before):
        push_changed_tokens(peer=peer, now=timezone.now())
        deliver_queue(peer=peer)
    assert operator.seen == []


def test_what_a_peer_said_to_a_start_and_a_stop_is_exported_and_goes(
    token: Token, make_peer: Any, operator: OperatorServer
) -> None:
    make_peer(token="secret")
    world = World(ScriptedOperator(), evse=evse_of_the_operator(), token=token)
    remote = world.start()
    world.work()
    hear_results(operator)
    world.send_session(remote)
    world.stop(remote)
    world.work()
    hear_results(operator)
    world.send_session(remote, status="COMPLETED", ended_at=world.now)
    world.send_cdr(remote)
    world.job()
    assert world.operator_says.starts == [], "the commands went over OCPI"
    exported = export_person(person=find_person(CARD))["commands"]
    assert [each["command"] for each in exported] == ["START_SESSION", "STOP_SESSION"]
    for each in exported:
        assert CARD in each["result_message"]
        assert CARD in each["result_body"]
        assert CARD in each["later_results"][0]["message"]
    erase(CARD)
    assert CARD not in stored("roaming_sentcommand")
    assert {sent.result for sent in SentCommand.objects.all()} == {"ACCEPTED"}


def evse_of_the_operator() -> Evse:
    """Of the operator NL*CPO, to whom the peer leads."""
    ours = OperatorFactory(country_code="NL", party_id="CPO")
    return EvseFactory(location=LocationFactory(operator=ours))


def hear_results(operator: OperatorServer) -> None:
    """The station's result of the last command, and another one after it."""
    url = operator.seen[-1].body["response_url"].removeprefix("http://testserver")
    for result in ("ACCEPTED", "FAILED"):
        said = {"result": result, "message": [{"language": "en", "text": f"card {CARD}"}]}
        assert status(PeerClient("secret").post(url, said)) == (200, 1000)


BOB_CONTRACT, BOB_CARD = "NL-EVC-CBOB0008-X", "04BOB8"
OF_BOTH = {
    "uid": CARD, "contract_id": CONTRACT, "valid": True,
    "energy_contract": {"supplier_name": "Sun", "contract_id": BOB_CONTRACT},
}  # fmt: skip


@pytest.mark.parametrize("who", [CARD, BOB_CARD])
def test_what_names_two_drivers_ends_with_either(
    token: Token, make_peer: Any, operator: OperatorServer, who: str
) -> None:
    TokenFactory(contract_id=BOB_CONTRACT, uid=BOB_CARD)
    peer: Peer = make_peer(token="secret")
    message = Message("tokens", "PUT", f"/NL/EVC/{CARD}", OF_BOTH, f"token {CONTRACT}")
    enqueue(peer=peer, messages=[message])
    deliver_queue(peer=peer)
    sent = session(**of_driver(CONTRACT, CARD), guest={"contract_id": BOB_CONTRACT})
    cpo = PeerClient("secret")
    cpo.put("locations/NL/CPO/LOC1", location())
    assert status(cpo.put("sessions/NL/CPO/S1", sent)) == (201, 1000)
    push, kept = Push.objects.get(), KeptObject.objects.get(module="sessions")
    exchanges = Exchange.objects.filter(module__in=["tokens", "sessions"])
    assert json.loads(push.body) == OF_BOTH
    assert json.loads(kept.body) == json.loads(exchanges.get(module="sessions").request_body)
    assert json.loads(kept.body) == sent
    assert exchanges.get(module="tokens").url.endswith(CARD)
    stored_rows = stored("roaming_push").replace(push.path, "") + stored("roaming_keptobject")
    stored_rows += stored("roaming_exchange")
    for word in (CONTRACT, CARD, BOB_CONTRACT):
        assert word not in stored_rows
    erase(who)
    push.refresh_from_db()
    kept.refresh_from_db()
    assert (push.body, push.path, kept.body) == (ERASED, ERASED, ERASED)
    assert {exchange.request_body for exchange in exchanges.all()} == {ERASED}
    assert exchanges.get(module="tokens").url == ERASED


def told(token: Token, peer: Peer) -> None:
    """The peer knows the token, and waits to hear that its driver was erased."""
    push_changed_tokens(peer=peer, now=token.updated_at)
    deliver_queue(peer=peer)
    erase(CARD)
    assert CARD in stored("roaming_push")


def given_up(peer: Peer) -> tuple[str, str]:
    last = Push.objects.get(is_last_word=True)
    assert (last.state, last.path, last.body, last.label) == ("CANCELLED", *[ERASED] * 3)
    assert CARD not in stored("roaming_push")
    entry = Entry.objects.story_of(peer).get(activity="gave up telling that tokens ended")
    assert entry.after == {"tokens_of_erased_persons": 1}
    return last.last_error, entry.reason


def test_a_peer_that_leaves_is_not_told_any_more_and_staff_see_it(
    token: Token, make_peer: Any
) -> None:
    peer: Peer = make_peer()
    told(token, peer)
    disconnect(peer=peer, now=timezone.now())
    assert given_up(peer) == ("The connection ended before the peer was told.",) * 2


def test_what_can_not_be_told_for_weeks_ends(token: Token, make_peer: Any) -> None:
    peer: Peer = make_peer()
    told(token, peer)
    purge_pushes(now=timezone.now() + timedelta(days=29))
    assert CARD in stored("roaming_push")
    purge_pushes(now=timezone.now() + timedelta(days=31))
    assert given_up(peer) == ("Not delivered within 30 days.",) * 2


def test_a_suspended_peer_is_told_when_the_connection_goes_on(
    token: Token, make_peer: Any, operator: OperatorServer
) -> None:
    peer: Peer = make_peer()
    push_changed_tokens(peer=peer, now=token.updated_at)
    deliver_queue(peer=peer)
    suspend_peer(peer=peer, reason="odd", now=timezone.now())
    erase(CARD)
    assert deliver_queue(peer=peer) == 0
    resume_peer(peer=peer, reason="clear", now=timezone.now())
    assert deliver_queue(peer=peer) == 1
    assert operator.seen[-1].body["valid"] is False


def test_a_peer_that_had_left_is_not_told_and_staff_see_it(token: Token, make_peer: Any) -> None:
    peer: Peer = make_peer()
    push_changed_tokens(peer=peer, now=token.updated_at)
    deliver_queue(peer=peer)
    disconnect(peer=peer, now=timezone.now())
    erase(CARD)
    entry = Entry.objects.story_of(peer).get(activity="gave up telling that tokens ended")
    assert entry.reason == "There is no connection to tell it."
    assert entry.after == {"tokens_of_erased_persons": 1}
    assert CARD not in stored("roaming_push")
