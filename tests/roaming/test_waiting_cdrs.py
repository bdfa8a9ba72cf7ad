"""A posted CDR is stored before it is answered, and received in a batch soon after."""

import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.audit.persons import PersonBusy, erase_person, export_person, find_person
from apps.cdrs.form import CdrUnreadable
from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR, CdrConflict, ReviewRule
from apps.cdrs.services import receiving
from apps.events.models import Event
from apps.roaming.models import Exchange, KeptObject, Peer, PeerToken, WaitingCdr
from apps.roaming.ocpi import json as ocpi_json
from apps.roaming.ocpi.versions import Version
from apps.roaming.server.replaying import handle_again
from apps.roaming.services import receiving_cdrs
from apps.roaming.services.cdrs import read_peer_cdr, receive_peer_cdrs
from apps.roaming.services.page_keeping import keep_cdrs
from apps.roaming.services.receiving_cdrs import receive_waiting_cdrs
from apps.roaming.tasks import receive_cdrs
from tests.accounts.factories import TokenFactory, UserFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory, role
from tests.roaming.messages import cdr

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_worker_at_hand() -> None:
    """None: what is posted waits."""


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def numbered(number: int, **fields: Any) -> dict[str, Any]:
    return cdr(id=f"CDR{number}", **fields)


def receive() -> dict[str, int]:
    return receive_waiting_cdrs(now=timezone.now())


def test_a_posted_cdr_is_stored_and_given_back_before_it_is_received(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    assert status(sent) == (201, 1000)
    waiting = WaitingCdr.objects.get()
    assert sent["Location"].endswith(f"/cdrs/{waiting.pk}")
    assert not CDR.objects.exists()
    assert cpo.get(sent["Location"].removeprefix("http://testserver")).json()["data"] == cdr()
    assert cpo.get(f"cdrs/{cdr()['id']}").json()["data"] == cdr()


def test_a_cdr_that_was_stored_and_not_received_is_picked_up_by_beat(cpo: PeerClient) -> None:
    """As after kill -9: nobody woke a worker, the row is all there is."""
    cpo.post("cdrs", cdr())
    told = WaitingCdr.objects.get().pk
    receive_cdrs()
    assert CDR.objects.get().pk == told
    assert not WaitingCdr.objects.exists()
    assert KeptObject.objects.filter(module="cdrs").count() == 1


def test_a_received_cdr_has_one_entry_that_names_the_post(cpo: PeerClient) -> None:
    cpo.post("cdrs", cdr(), **{"User-Agent": "peer"})
    receive()
    found = CDR.objects.get()
    entry = Entry.objects.get(object_id=str(found.pk))
    assert entry.activity == "received CDR"
    assert (entry.actor_kind, entry.actor_id) == ("CREDENTIAL", str(PeerToken.objects.get().pk))
    assert (entry.method, entry.path) == ("POST", "/ocpi/{version}/cdrs/")
    assert entry.request_id
    assert entry.source_address == "127.0.0.1"
    assert found.history.count() == 1
    assert found.history.get().request_id == entry.request_id
    assert Event.objects.filter(aggregate_id=str(found.pk), type="cdr.created").count() == 1


def test_cdrs_of_several_peers_are_received_together_each_in_its_own_name(
    django_assert_max_num_queries: Any,
) -> None:
    PeerFactory(token="first")
    PeerFactory(token="second", roles=[role("NL*TWO")])
    for number in range(5):
        PeerClient("first").post("cdrs", numbered(number))
        PeerClient("second").post("cdrs", numbered(number, party_id="TWO"))
    with django_assert_max_num_queries(60):
        assert receive() == {"received": 10, "failed": 0}
    actors = Entry.objects.filter(activity="received CDR").values_list("actor_id", flat=True)
    assert sorted(actors) == sorted(
        str(token.pk) for token in PeerToken.objects.all() for _ in "12345"
    )


def test_the_rule_that_accepts_does_so_in_the_name_of_the_job(cpo: PeerClient) -> None:
    ReviewRule.objects.create(when_odd="REJECT", min_kwh=1000)
    cpo.post("cdrs", cdr())
    receive_cdrs()
    assert CDR.objects.get().status == CDR.Status.REJECTED
    assert Entry.objects.get(activity="rejected CDR").actor_kind == "JOB"


def test_the_same_cdr_again_is_answered_like_the_first_time_while_it_waits(
    cpo: PeerClient,
) -> None:
    sent = cpo.post("cdrs", cdr())
    again = cpo.post("cdrs", cdr())
    assert status(again) == (200, 1000)
    assert again["Location"] == sent["Location"]
    assert CDR.objects.count() == 1
    assert not WaitingCdr.objects.exists()


def test_other_content_under_the_id_of_a_waiting_cdr_is_refused_and_kept(cpo: PeerClient) -> None:
    cpo.post("cdrs", cdr())
    assert status(cpo.post("cdrs", cdr(total_energy=99))) == (200, 2001)
    assert CdrConflict.objects.count() == 1


def test_a_waiting_cdr_is_not_for_another_peer(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    PeerFactory(token="hub", hub=True)
    hub = PeerClient("hub")
    assert status(hub.get(sent["Location"].removeprefix("http://testserver")))[0] == 404
    assert status(hub.post("cdrs", cdr()))[0] == 404


def test_one_cdr_that_fails_does_not_keep_the_others(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        cpo.post("cdrs", numbered(number))
    whole = receiving_cdrs.read_peer_cdr

    def broken(*, message: dict[str, Any], **fields: Any) -> Any:
        if message["id"] == "CDR1":
            raise RuntimeError("a fault of ours")
        return whole(message=message, **fields)

    monkeypatch.setattr(receiving_cdrs, "read_peer_cdr", broken)
    assert receive() == {"received": 2, "failed": 1}
    waiting = WaitingCdr.objects.get()
    assert (waiting.key, waiting.attempts) == ("CDR1", 1)
    assert "a fault of ours" in waiting.last_error
    assert receive() == {"received": 0, "failed": 0}, "it waits before it is tried again"
    monkeypatch.undo()
    later = receive_waiting_cdrs(now=timezone.now() + timedelta(minutes=1))
    assert later == {"received": 1, "failed": 0}
    assert CDR.objects.count() == 3


def test_a_cdr_whose_form_is_refused_since_it_was_posted_stays_for_staff(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a release that checks more strictly."""
    for number in range(2):
        assert status(cpo.post("cdrs", numbered(number))) == (201, 1000)

    def stricter(message: CdrMessage) -> None:
        if message.cdr_id == "CDR1":
            raise CdrUnreadable("It has no meter value.")

    monkeypatch.setattr(receiving, "check_cdr_form", stricter)
    assert receive() == {"received": 1, "failed": 1}
    waiting = WaitingCdr.objects.get()
    assert (waiting.key, waiting.attempts) == ("CDR1", 1)
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", "x" * 16))
    page = client.get(reverse("admin:roaming_waitingcdr_changelist")).content.decode()
    assert "It has no meter value." in page
    again = reverse("admin:roaming_waitingcdr_try_now", args=[waiting.pk])
    assert "can&#x27;t be received yet" in _confirm(client, again)
    monkeypatch.undo()
    assert "is received" in _confirm(client, again)
    assert CDR.objects.filter(pk=waiting.pk).exists()


@pytest.fixture
def stuck(cpo: PeerClient, monkeypatch: pytest.MonkeyPatch) -> WaitingCdr:
    """A CDR that was taken and can't be received."""
    cpo.post("cdrs", cdr())

    def broken(**fields: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(receiving_cdrs, "read_peer_cdr", broken)
    receive()
    return WaitingCdr.objects.get()


def test_a_cdr_that_cannot_be_received_is_no_error_of_who_sends_it_again(
    cpo: PeerClient, stuck: WaitingCdr
) -> None:
    again = cpo.post("cdrs", cdr())
    assert status(again) == (200, 1000)
    assert again["Location"].endswith(f"/cdrs/{stuck.pk}")
    assert status(cpo.post("cdrs", cdr(total_energy=99))) == (200, 3000)
    assert WaitingCdr.objects.get().attempts == 3


def test_a_cdr_that_cannot_be_received_does_not_keep_its_page_of_a_pull(
    stuck: WaitingCdr,
) -> None:
    page = ocpi_json.read(json.dumps([cdr(), numbered(2)]))
    unread = keep_cdrs(Peer.objects.get(), page, timezone.now())
    assert [line.partition(":")[0] for line in unread] == [stuck.key]
    assert CDR.objects.get().cdr_id == "CDR2"


def test_staff_see_what_is_in_the_way_and_receive_it_once_it_is_mended(
    stuck: WaitingCdr, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", "x" * 16))
    page = client.get(reverse("admin:roaming_waitingcdr_changelist")).content.decode()
    assert "a fault of ours" in page
    assert "CDRs not received" in client.get(reverse("admin:index")).content.decode()
    again = reverse("admin:roaming_waitingcdr_try_now", args=[stuck.pk])
    assert "can&#x27;t be received yet" in _confirm(client, again)
    monkeypatch.undo()
    assert "is received" in _confirm(client, again)
    assert CDR.objects.get().pk == stuck.pk


def _confirm(client: Client, address: str) -> str:
    return client.post(address, {"confirmed": "1"}, follow=True).content.decode()


@pytest.fixture
def finance() -> Client:
    user = User.objects.create_user("finance@example.com", "x" * 16, is_staff=True)
    user.groups.add(Group.objects.get(name="finance"))
    client = Client()
    client.force_login(user)
    return client


def set_aside(
    client: Client, waiting: WaitingCdr, reason: str = "the operator took it back"
) -> str:
    url = reverse("admin:roaming_waitingcdr_set_aside", args=[waiting.pk])
    asked = {"confirmed": "1", "reason": reason}
    return client.post(url, asked, follow=True).content.decode()


def test_a_cdr_that_is_set_aside_waits_no_more_and_its_driver_can_be_erased(
    cpo: PeerClient, stuck: WaitingCdr, finance: Client
) -> None:
    card = TokenFactory(contract_id="NL-EVC-C1", uid="0401").account
    with pytest.raises(PersonBusy):
        erase_person(person=find_person(str(card.pk)), reason="asked", now=timezone.now())
    assert "CDR1 is set aside." in set_aside(finance, stuck)
    stuck.refresh_from_db()
    assert stuck.set_aside_reason == "the operator took it back"
    assert receive_waiting_cdrs(now=timezone.now() + timedelta(days=1)) == {
        "received": 0, "failed": 0,
    }  # fmt: skip
    entry = Entry.objects.get(activity="set aside CDR")
    assert (entry.reason, entry.actor_label) == ("the operator took it back", "finance@example.com")
    assert json.loads(entry.before["message"]) == cdr()
    exported = export_person(person=find_person(str(card.pk)))["cdrs_set_aside"]
    assert [json.loads(each["message"]) for each in exported] == [cdr()]
    erase_person(person=find_person(str(card.pk)), reason="asked", now=timezone.now())
    entry.refresh_from_db()
    stuck.refresh_from_db()
    assert "NL-EVC-C1" not in str(entry.before) + stuck.message
    assert status(cpo.get(f"cdrs/{stuck.pk}"))[0] == 404


def test_a_cdr_that_is_set_aside_keeps_its_address_and_is_tried_when_it_comes_again(
    cpo: PeerClient, stuck: WaitingCdr, finance: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside(finance, stuck)
    again = cpo.post("cdrs", cdr())
    assert (status(again), again["Location"].rsplit("/", 1)[1]) == ((200, 1000), str(stuck.pk))
    assert cpo.get(f"cdrs/{stuck.pk}").json()["data"] == cdr()
    stuck.refresh_from_db()
    assert stuck.set_aside_at is not None
    monkeypatch.undo()
    again = cpo.post("cdrs", cdr())
    assert (status(again), again["Location"].rsplit("/", 1)[1]) == ((200, 1000), str(stuck.pk))
    assert CDR.objects.get().pk == stuck.pk
    assert not WaitingCdr.objects.exists()


def test_other_content_takes_the_place_of_a_cdr_that_is_set_aside(
    cpo: PeerClient, stuck: WaitingCdr, finance: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside(finance, stuck)
    sent = cpo.post("cdrs", cdr(total_energy=9))
    assert status(sent) == (201, 1000)
    monkeypatch.undo()
    assert receive() == {"received": 1, "failed": 0}
    found = CDR.objects.get()
    assert sent["Location"].endswith(str(found.pk))
    assert found.kwh == 9
    [entry] = Entry.objects.filter(activity="replaced CDR that was set aside")
    assert json.loads(entry.before["message"]) == cdr()


def test_only_what_was_tried_is_set_aside_and_with_a_reason(
    cpo: PeerClient, stuck: WaitingCdr, finance: Client
) -> None:
    assert "CDR1 is set aside." not in set_aside(finance, stuck, reason=" ")
    WaitingCdr.objects.update(attempts=0)
    assert "CDR1 is set aside." not in set_aside(finance, stuck)
    assert WaitingCdr.objects.get().set_aside_at is None
    assert not Entry.objects.filter(activity="set aside CDR").exists()


def test_a_cdr_that_a_pull_stored_while_it_was_posted_has_both_addresses(cpo: PeerClient) -> None:
    """The pull commits between the look and the answer of the POST."""
    sent = cpo.post("cdrs", cdr())
    read = read_peer_cdr(
        peer=Peer.objects.get(), message=ocpi_json.read(json.dumps(cdr())),
        version=Version.V2_2_1, raw=json.dumps(cdr()),
    )  # fmt: skip
    receive_peer_cdrs(peer=Peer.objects.get(), messages=[read], now=timezone.now())
    told = sent["Location"].rsplit("/", 1)[1]
    assert str(CDR.objects.get().pk) != told
    assert receive() == {"received": 1, "failed": 0}
    assert not WaitingCdr.objects.exists()
    for address in (told, str(CDR.objects.get().pk), cdr()["id"]):
        assert cpo.get(f"cdrs/{address}").json()["data"] == cdr()
    again = cpo.post("cdrs", cdr())
    assert (status(again), again["Location"]) == ((200, 1000), sent["Location"])
    PeerFactory(token="hub", hub=True)
    assert status(PeerClient("hub").get(f"cdrs/{told}"))[0] == 404


def test_a_cdr_is_given_back_in_the_version_that_it_was_sent_in(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    newer = PeerClient("secret", version="2.3.0")
    for _ in range(2):
        assert status(newer.get(f"cdrs/{cdr()['id']}"))[0] == 404
        assert status(cpo.get(f"cdrs/{cdr()['id']}")) == (200, 1000)
        receive()
    again = newer.post("cdrs", cdr())
    assert (status(again), again["Location"]) == ((200, 1000), sent["Location"])


def test_a_cdr_that_failed_for_days_does_not_keep_the_others(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpo.post("cdrs", numbered(1))
    WaitingCdr.objects.update(attempts=500)
    cpo.post("cdrs", numbered(2))
    whole = receiving_cdrs.read_peer_cdr

    def broken(*, message: dict[str, Any], **fields: Any) -> Any:
        if message["id"] == "CDR1":
            raise RuntimeError("a fault of ours")
        return whole(message=message, **fields)

    monkeypatch.setattr(receiving_cdrs, "read_peer_cdr", broken)
    now = timezone.now()
    assert receive_waiting_cdrs(now=now) == {"received": 1, "failed": 1}
    assert WaitingCdr.objects.get().next_attempt_at == now + timedelta(hours=1)


def test_a_cdr_that_staff_had_handled_again_names_them_under_their_key(cpo: PeerClient) -> None:
    user = UserFactory(name="Bob Staff", email="bob@example.com")
    cpo.post("cdrs", cdr())
    exchange = Exchange.objects.get(module="cdrs", method="POST")
    Exchange.objects.filter(pk=exchange.pk).update(cdr_id=None, request_body=json.dumps(cdr()))
    WaitingCdr.objects.all()._raw_delete("default")
    exchange.refresh_from_db()
    with acting(Actor.user(user)):
        handle_again(exchange=exchange)
    with acting(Actor.job("test")):
        receive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor_kind, actor_label FROM audit_entry "
                       "WHERE activity = 'received CDR'")  # fmt: skip
        [(kind, label)] = cursor.fetchall()
    assert kind == "USER"
    assert label.startswith(f"pd1.{user.pk.hex}.")


def test_a_cdr_of_a_peer_that_was_suspended_meanwhile_is_received(cpo: PeerClient) -> None:
    cpo.post("cdrs", cdr())
    peer = Peer.objects.get()
    peer.state = Peer.State.SUSPENDED
    peer.save()
    assert receive() == {"received": 1, "failed": 0}


def test_what_no_cdr_can_be_is_refused_before_it_waits(cpo: PeerClient) -> None:
    assert status(cpo.post("cdrs", cdr(currency="XXQ"))) == (200, 2001)
    assert not WaitingCdr.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_cdr_that_is_posted_several_times_at_once_is_stored_once(cpo: PeerClient) -> None:
    answers: list[tuple[int, int]] = []
    ready = threading.Barrier(4)

    def post() -> None:
        ready.wait(timeout=20)
        answers.append(status(cpo.post("cdrs", cdr())))
        connection.close()

    run_together([post] * 4)
    assert sorted(answers) == [(200, 1000)] * 3 + [(201, 1000)]
    receive()
    assert CDR.objects.count() == 1
    assert Entry.objects.filter(activity="received CDR").count() == 1
    assert not CdrConflict.objects.exists()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere one writes at a time")
@pytest.mark.django_db(transaction=True)
def test_a_cdr_that_is_posted_again_while_its_batch_commits_is_known(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    answers: list[Any] = []

    def post() -> None:
        answers.append(cpo.post("cdrs", cdr()))
        connection.close()

    again = threading.Thread(target=post)
    with transaction.atomic():
        assert receive() == {"received": 1, "failed": 0}
        again.start()
        wait_until_somebody_waits_for_us()
    again.join(timeout=30)
    assert [status(answer) for answer in answers] == [(200, 1000)]
    assert answers[0]["Location"] == sent["Location"]
    assert not WaitingCdr.objects.exists()
    assert status(cpo.get(sent["Location"].removeprefix("http://testserver"))) == (200, 1000)


def wait_until_somebody_waits_for_us() -> None:
    ends = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute(
                "SELECT 1 FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone():
                return
    raise AssertionError("the second post does not wait for the batch")


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_receive_each_cdr_once(cpo: PeerClient) -> None:
    for number in range(20):
        cpo.post("cdrs", numbered(number))
    counts: list[int] = []
    ready = threading.Barrier(3)

    def work() -> None:
        ready.wait(timeout=20)
        with acting(Actor.job("test")):
            counts.append(receive()["received"])
        connection.close()

    run_together([work] * 3)
    assert sum(counts) == 20
    assert CDR.objects.count() == Entry.objects.filter(activity="received CDR").count() == 20


def run_together(targets: list[Any]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
