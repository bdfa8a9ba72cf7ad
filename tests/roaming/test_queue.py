"""Pushes wait in a queue per peer and arrive in order, whatever happens in between."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from apps.core.leases import lease
from apps.roaming.models import Peer, Push, PushQueue
from apps.roaming.services.delivering import back_off, deliver_queue, due_queues
from apps.roaming.services.queueing import (
    Message,
    PushNotWaiting,
    PushWaits,
    cancel_push,
    enqueue,
    pause_queue,
    purge_pushes,
    replay_push,
    resume_queue,
)
from apps.roaming.tasks import push_due_messages
from tests.roaming.factories import PeerFactory
from tests.roaming.operator_server import OperatorServer

pytestmark = pytest.mark.django_db


def message(number: int) -> Message:
    return Message("tokens", "PUT", f"/NL/EVC/U{number}", {"uid": f"U{number}"}, f"token {number}")


def arrived(operator: OperatorServer) -> list[str]:
    return [seen.path.rsplit("/", 1)[1] for seen in operator.seen]


def states(peer: Peer) -> list[str]:
    return list(peer.queue.pushes.order_by("number").values_list("state", flat=True))


def test_pushes_arrive_in_order_each_once(peer: Peer, operator: OperatorServer) -> None:
    enqueue(peer=peer, messages=[message(n) for n in range(20)])
    assert deliver_queue(peer=peer) == 20
    assert arrived(operator) == [f"U{n}" for n in range(20)]
    assert deliver_queue(peer=peer) == 0
    first = operator.seen[0]
    assert first.headers["ocpi-to-party-id"] == "CPO"
    assert first.headers["ocpi-from-party-id"] == "EVC"
    assert first.headers["authorization"] == "Token dG9rZW4tYw=="
    assert first.headers["x-request-id"]


@pytest.mark.parametrize("fault", [(500, None), (503, "busy"), (429, None), (200, "no json")])
def test_a_fault_that_passes_holds_the_queue_and_loses_nothing(
    peer: Peer, operator: OperatorServer, fault: tuple[int, str | None]
) -> None:
    enqueue(peer=peer, messages=[message(n) for n in range(3)])
    operator.faults = [fault]
    assert deliver_queue(peer=peer) == 0
    assert states(peer) == ["WAITING"] * 3
    assert deliver_queue(peer=peer) == 0, "it waits before it asks again"
    assert len(operator.seen) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=10)):
        assert deliver_queue(peer=peer) == 3
    assert arrived(operator) == ["U0", "U0", "U1", "U2"]
    peer.queue.refresh_from_db()
    assert peer.queue.attempts == 0


def test_a_peer_that_is_down_delays_only_itself(peer: Peer, operator: OperatorServer) -> None:
    down = PeerFactory(
        versions_url="http://127.0.0.1:9/v",
        endpoints=[{"identifier": "tokens", "role": "RECEIVER", "url": "http://127.0.0.1:9/t"}],
    )
    enqueue(peer=down, messages=[message(1)])
    enqueue(peer=peer, messages=[message(2)])
    assert deliver_queue(peer=down) == 0
    assert deliver_queue(peer=peer) == 1
    assert "can't be reached" in PushQueue.objects.get(peer=down).last_error
    assert list(due_queues(now=timezone.now())) == []
    assert [q.peer for q in due_queues(now=timezone.now() + timedelta(minutes=6))] == [down]


def test_a_message_that_is_wrong_is_set_aside_and_the_next_go_on(
    peer: Peer, operator: OperatorServer
) -> None:
    enqueue(peer=peer, messages=[message(n) for n in range(3)])
    operator.faults = [(200, '{"status_code": 2001, "status_message": "bad", "timestamp": ""}')]
    assert deliver_queue(peer=peer) == 3
    assert states(peer) == ["REFUSED", "DELIVERED", "DELIVERED"]
    refused = Push.objects.get(state="REFUSED")
    assert refused.last_error == "HTTP 200, OCPI 2001: bad"
    replay_push(push=refused)
    assert deliver_queue(peer=peer) == 1
    assert arrived(operator) == ["U0", "U1", "U2", "U0"]


@pytest.mark.parametrize(
    ("code", "body", "state"),
    [
        (404, None, "REFUSED"),
        (404, "<html>Maintenance</html>", "WAITING"),
        (405, "", "WAITING"),
        (413, "<html>Too large</html>", "REFUSED"),
        (503, "<html>Maintenance</html>", "WAITING"),
    ],
)
def test_what_a_server_in_front_of_the_peer_does_not_pass_on_waits(
    peer: Peer, operator: OperatorServer, code: int, body: str | None, state: str
) -> None:
    """`None` is an answer of OCPI."""
    enqueue(peer=peer, messages=[message(1)])
    operator.faults = [(code, body)]
    deliver_queue(peer=peer)
    assert states(peer) == [state]


def test_a_paused_queue_sends_nothing_until_it_is_resumed(
    peer: Peer, operator: OperatorServer
) -> None:
    enqueue(peer=peer, messages=[message(1)])
    queue = peer.queue
    pause_queue(queue=queue, reason="maintenance")
    assert deliver_queue(peer=peer) == 0
    resume_queue(queue=queue, reason="done")
    assert deliver_queue(peer=peer) == 1


def test_a_cancelled_push_lets_the_others_pass(peer: Peer, operator: OperatorServer) -> None:
    enqueue(peer=peer, messages=[message(1), message(2)])
    first = peer.queue.pushes.get(number=1)
    with pytest.raises(PushWaits):
        replay_push(push=first)
    cancel_push(push=first, reason="wrong", now=timezone.now())
    with pytest.raises(PushNotWaiting):
        cancel_push(push=first, reason="again", now=timezone.now())
    deliver_queue(peer=peer)
    assert arrived(operator) == ["U2"]


def test_nothing_is_sent_to_a_peer_that_left(peer: Peer, operator: OperatorServer) -> None:
    enqueue(peer=peer, messages=[message(1)])
    Peer.objects.filter(pk=peer.pk)
    peer.state = "UNREGISTERED"
    peer.save()
    assert deliver_queue(peer=peer) == 0
    assert operator.seen == []
    assert states(peer) == ["WAITING"]


def test_a_restart_in_between_goes_on_where_it_stopped(
    peer: Peer, operator: OperatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(peer=peer, messages=[message(n) for n in range(5)])
    settle = "apps.roaming.services.delivering._settle"
    real = __import__("apps.roaming.services.delivering", fromlist=["_settle"])._settle
    calls: list[int] = []

    def die_at_the_third(*args: Any) -> bool:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return bool(real(*args))

    monkeypatch.setattr(settle, die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        deliver_queue(peer=peer)
    assert deliver_queue(peer=peer) == 3
    assert arrived(operator) == ["U0", "U1", "U2", "U2", "U3", "U4"]
    assert states(peer) == ["DELIVERED"] * 5


def test_a_push_costs_the_same_few_queries_however_many_wait(
    peer: Peer, operator: OperatorServer, django_assert_num_queries: Any
) -> None:
    enqueue(peer=peer, messages=[message(n) for n in range(2)])
    deliver_queue(peer=peer)
    enqueue(peer=peer, messages=[message(n) for n in range(10)])
    # Per push: the queue, the push, and one transaction (begin, savepoint, release, commit) with
    # the driver's key, the exchange, the peer's health and the push. Eight more for the run.
    with django_assert_num_queries(10 * 10 + 8):
        assert deliver_queue(peer=peer) == 10


def test_a_peer_that_was_down_for_a_moment_is_asked_again_without_waiting_for_beat(
    peer: Peer, operator: OperatorServer, no_tasks: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    enqueue(peer=peer, messages=[message(1)])
    operator.faults = [(503, "busy")]
    with django_capture_on_commit_callbacks(execute=True):
        assert deliver_queue(peer=peer) == 0
    assert no_tasks == ["deliver_peer"]
    PushQueue.objects.update(retry_at=None, attempts=8)
    operator.faults = [(503, "busy")]
    with django_capture_on_commit_callbacks(execute=True):
        deliver_queue(peer=peer)
    assert no_tasks == ["deliver_peer"], "four minutes are beat's to count"


def test_a_run_that_ends_by_time_has_the_next_one_begin(
    peer: Peer, operator: OperatorServer, no_tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(peer=peer, messages=[message(1)])
    monkeypatch.setattr("apps.roaming.services.delivering.RUN_SECONDS", 0)
    assert deliver_queue(peer=peer) == 0
    assert no_tasks == ["deliver_peer"]


def test_a_burst_wakes_the_worker_at_its_beginning_and_its_end(
    peer: Peer, no_tasks: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    for number in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            enqueue(peer=peer, messages=[message(number)])
    assert no_tasks == ["deliver_peer"] * 2


def test_a_broker_that_is_down_keeps_nothing_from_the_queue(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr("apps.roaming.tasks.deliver_peer.apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue(peer=peer, messages=[message(1)])
    assert states(peer) == ["WAITING"]


def test_beat_wakes_what_is_due_also_when_the_tokens_are_being_looked_at(
    peer: Peer, no_tasks: list[str]
) -> None:
    enqueue(peer=peer, messages=[message(1)])
    with lease(job="roaming.push_due_messages", duration=timedelta(minutes=5)):
        push_due_messages()
    assert no_tasks == ["deliver_peer"]


def test_the_wait_doubles_up_to_five_minutes() -> None:
    waits = [back_off(n).total_seconds() for n in (1, 2, 3, 9, 50)]
    assert waits == [1, 2, 4, 256, 300]


def test_the_wait_is_as_long_as_the_peer_asks(peer: Peer, operator: OperatorServer) -> None:
    enqueue(peer=peer, messages=[message(1)])
    operator.faults = [(429, None)]
    operator.retry_after = "120"
    deliver_queue(peer=peer)
    queue = PushQueue.objects.get(peer=peer)
    assert queue.retry_at is not None
    assert queue.retry_at > timezone.now() + timedelta(seconds=110)


def test_old_settled_pushes_end_and_waiting_ones_stay(peer: Peer) -> None:
    enqueue(peer=peer, messages=[message(1), message(2)])
    deliver_queue(peer=peer)
    enqueue(peer=peer, messages=[message(3)])
    assert purge_pushes(now=timezone.now() + timedelta(days=31)) == 2
    assert peer.queue.pushes.get().path == "/NL/EVC/U3"
