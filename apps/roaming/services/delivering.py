"""Sending what waits: in order, one after the other, until the peer fails or all is sent."""

import time
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.leases import lease
from apps.roaming.client.calls import Outcome, PeerAnswer, Request, asked
from apps.roaming.client.origins import AddressRefused
from apps.roaming.client.routing import routing_to
from apps.roaming.models import Peer, Push, PushQueue
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.secrets import SecretUnreadable
from apps.roaming.services.queueing import forget_last_words, send_after

SECONDS: Final = 20
# How long one run works before it lets others have the worker.
RUN_SECONDS: Final = 15
# The last call of a run may begin at its end, and is over after SECONDS.
LEASE: Final = timedelta(seconds=RUN_SECONDS + SECONDS + 10)
# Beat looks for queues that are due every ten seconds; shorter waits are woken by themselves.
SOON: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(minutes=5)
# Wrong by themselves: asking again gives the same answer. Everything else passes.
_WRONG_HTTP: Final = {400, 404, 405, 409, 410, 413, 415, 422}
# Said of a message also by a server in front of the peer. When such a one knows no address, the
# peer is not there: Gireve's guides want what got no correct answer sent again, in order.
_WRONG_FOR_ANY_SERVER: Final = {400, 413, 415, 422}


def due_queues(*, now: datetime) -> QuerySet[PushQueue]:
    """The queues that have something to send now."""
    waiting = Push.objects.filter(queue=OuterRef("pk"), state=Push.State.WAITING)
    return _open_queues(now).filter(Exists(waiting))


def _open_queues(now: datetime) -> QuerySet[PushQueue]:
    """Those that may send now, should they have something."""
    found: QuerySet[PushQueue] = PushQueue.objects.filter(
        Q(retry_at=None) | Q(retry_at__lte=now),
        is_paused=False,
        peer__state=Peer.State.REGISTERED,
    )
    return found


def deliver_queue(*, peer: Peer) -> int:
    """Send the peer's waiting pushes; returns how many were settled.

    Only one process sends to a peer at a time: another one leaves at once. Killed between an
    answer and its note, a push is sent again; what we push says a state, so that this is harmless.
    """
    with lease(job=f"roaming.queue.{peer.pk}", duration=LEASE) as held:
        settled = _deliver_waiting(peer) if held else 0
    # What is left when the time is over, or came just when the last one was sent.
    if held and due_queues(now=timezone.now()).filter(peer=peer).exists():
        send_after(peer, seconds=0)
    return settled


def _deliver_waiting(peer: Peer) -> int:
    ends = time.monotonic() + RUN_SECONDS
    settled = 0
    while time.monotonic() < ends:
        push = _foremost(peer, now=timezone.now())
        if push is None or not _deliver(peer, push):
            break
        settled += 1
    return settled


def _foremost(peer: Peer, *, now: datetime) -> Push | None:
    """Read anew each time: staff may have paused the queue or cancelled the push.

    Two queries, because one with a join sorts all that waits in order to find the first.
    """
    queue = _open_queues(now).filter(peer=peer).first()
    if queue is None:
        return None
    return queue.pushes.filter(state=Push.State.WAITING).order_by("number").first()


def _deliver(peer: Peer, push: Push) -> bool:
    """Send one; False when the peer failed and the queue has to wait."""
    url = peer.endpoint(push.module, "RECEIVER")
    if url is None:
        return _settle(push, Push.State.REFUSED, f"{peer} has no {push.module} to push to.")
    request = Request(
        push.method, f"{url}{push.path}", push.module, body=push.body, seconds=SECONDS,
        correlation_id=push.correlation_id, routing=routing_to(peer, sender=_owner(push)),
        unsaid=tuple(push.unsaid),
    )  # fmt: skip
    try:
        with asked(peer, request) as outcome:
            return _note(push, outcome)
    except (AddressRefused, SecretUnreadable) as error:
        return _note(push, error)


def _owner(push: Push) -> PartyRef:
    """Our party whose object it is: what we push is at /country/party/id (client owned objects)."""
    _, country_code, party_id, *_ = push.path.split("/")
    return PartyRef.of(country_code, party_id)


def _note(push: Push, outcome: Outcome) -> bool:
    if isinstance(outcome, DomainError):
        return _wait(push, outcome.message, 0)
    if outcome.succeeded:
        return _settle(push, Push.State.DELIVERED, "")
    if is_refusal(outcome):
        return _settle(push, Push.State.REFUSED, outcome.describe())
    return _wait(push, outcome.describe(), outcome.retry_after)


def is_refusal(answer: PeerAnswer) -> bool:
    """Is the message itself wrong (OCPI 2xxx), so that sending it again is pointless?"""
    code = answer.answer.status_code
    if answer.http_status < 300:
        return code is not None and 2000 <= code < 3000
    return answer.http_status in (_WRONG_FOR_ANY_SERVER if code is None else _WRONG_HTTP)


def _settle(push: Push, state: str, error: str) -> bool:
    Push.objects.filter(pk=push.pk, state=Push.State.WAITING).update(
        state=state, settled_at=timezone.now(), attempts=F("attempts") + 1, last_error=error[:2000]
    )
    if push.is_last_word:
        forget_last_words(Push.objects.filter(pk=push.pk))
    if push.queue.attempts:
        PushQueue.objects.filter(pk=push.queue_id).update(attempts=0, retry_at=None, last_error="")
    return True


def _wait(push: Push, error: str, retry_after: int) -> bool:
    attempts = push.queue.attempts + 1
    # A peer that says when to come again is not made to wait longer.
    wait = timedelta(seconds=retry_after) if retry_after else back_off(attempts)
    Push.objects.filter(pk=push.pk).update(attempts=F("attempts") + 1, last_error=error[:2000])
    PushQueue.objects.filter(pk=push.queue_id).update(
        attempts=attempts, retry_at=timezone.now() + wait, last_error=error[:2000]
    )
    if wait < SOON:
        peer, seconds = push.queue.peer, wait.total_seconds()
        transaction.on_commit(lambda: send_after(peer, seconds=seconds), robust=True)
    return False


def back_off(attempts: int) -> timedelta:
    """1, 2, 4 ... seconds, at most five minutes."""
    return min(timedelta(seconds=2 ** min(attempts - 1, 10)), LONGEST_WAIT)
