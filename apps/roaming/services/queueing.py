"""Putting pushes into a peer's queue, and what staff do with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import KombuError

from apps.audit.context import Actor
from apps.audit.personal import ERASED, keyring, protect
from apps.audit.services import note, record
from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.roaming.models import Peer, Push, PushQueue
from apps.roaming.ocpi import json

logger = structlog.get_logger(__name__)
BURST_SECONDS: Final = 1


class PushNotWaiting(DomainError):
    """The push was settled meanwhile."""

    code = "PUSH_NOT_WAITING"


class PushErased(DomainError):
    """What it said is erased."""

    code = "PUSH_ERASED"


class PushWaits(DomainError):
    """It will be sent anyway."""

    code = "PUSH_WAITS"


@dataclass(frozen=True, slots=True)
class Message:
    """What to push: `path` is what follows the module's URL, `label` is for people."""

    module: str
    method: str
    path: str
    body: Any
    label: str
    unsaid: tuple[str, ...] = ()
    correlation_id: str = ""
    is_last_word: bool = False


def enqueue(*, peer: Peer, messages: list[Message]) -> None:
    """Put messages at the end of the queue, in the caller's transaction and in this order."""
    if not messages:
        return
    with transaction.atomic():
        PushQueue.objects.get_or_create(peer=peer)
        # The lock makes the numbers follow the order in which transactions commit.
        queue = PushQueue.objects.select_for_update().get(peer=peer)
        first = queue.next_number
        pushes = [_push(queue, first + n, message) for n, message in enumerate(messages)]
        _protect(pushes)
        Push.objects.bulk_create(pushes, batch_size=500)
        PushQueue.objects.filter(pk=queue.pk).update(next_number=first + len(messages))
        wake(queue)


def _push(queue: PushQueue, number: int, message: Message) -> Push:
    return Push(
        queue=queue, number=number, module=message.module, method=message.method,
        path=message.path, label=message.label[:200], unsaid=list(message.unsaid),
        body=message.body if isinstance(message.body, str) else json.write(message.body),
        correlation_id=message.correlation_id or str(new_id()), is_last_word=message.is_last_word,
    )  # fmt: skip


def _protect(pushes: list[Push]) -> None:
    """Under the keys of those they tell of, which are fetched with one query."""
    drivers = [push.audit_person_ids() for push in pushes]
    keys = keyring(driver for each in drivers for driver in each)
    for push, told in zip(pushes, drivers, strict=True):
        push.audit_keys = keys
        # Under several keys it would be longer than its column.
        named = push.label if len(told) < 2 else push.module
        push.label = protect(named, next(iter(told), None), keys)


def wake(queue: PushQueue) -> None:
    """Send soon after the commit; a burst wakes the worker at its beginning and its end."""
    peer = queue.peer
    transaction.on_commit(lambda: _wake(peer), robust=True)


def _wake(peer: Peer) -> None:
    for seconds in (0, BURST_SECONDS):
        if cache.add(f"roaming-wake:{peer.pk}:{seconds}", 1, timeout=BURST_SECONDS):
            return send_after(peer, seconds=seconds)


def send_after(peer: Peer, *, seconds: float) -> None:
    """Have a worker send what waits; when the broker can't be reached, beat does it later."""
    from apps.roaming.tasks import deliver_peer

    try:
        deliver_peer.apply_async((str(peer.pk),), countdown=seconds, retry=False, expires=300)
    except (OSError, KombuError) as error:
        logger.warning("sending_not_woken", peer=str(peer), reason=f"{error}")


def pause_queue(*, queue: PushQueue, reason: str, actor: Actor | None = None) -> None:
    """Send nothing to the peer until the queue is resumed; what comes waits."""
    queue.is_paused = True
    record("paused push queue", queue, reason=reason, actor=actor)


def resume_queue(*, queue: PushQueue, reason: str, actor: Actor | None = None) -> None:
    """Go on, at once also when the last attempts failed."""
    with transaction.atomic():
        queue.is_paused = False
        record("resumed push queue", queue, reason=reason, actor=actor)
        PushQueue.objects.filter(pk=queue.pk).update(retry_at=None)
        wake(queue)


def cancel_push(*, push: Push, reason: str, now: datetime, actor: Actor | None = None) -> None:
    """Take a waiting push out, so that those behind it go on. Raises PushNotWaiting."""
    with transaction.atomic():
        taken = Push.objects.filter(pk=push.pk, state=Push.State.WAITING).update(
            state=Push.State.CANCELLED, settled_at=now, last_error=f"Cancelled: {reason}"
        )
        if not taken:
            raise PushNotWaiting(f"{push} does not wait any more.")
        forget_last_words(Push.objects.filter(pk=push.pk))
        queue = push.queue
        PushQueue.objects.filter(pk=queue.pk).update(attempts=0, retry_at=None)
        wake(queue)


def cancel_waiting(*, pushes: Any, now: datetime) -> None:
    """Take those out that still wait, so that those behind them go on."""
    waiting = pushes.filter(state=Push.State.WAITING)
    queues = list(PushQueue.objects.filter(pushes__in=waiting).select_related("peer").distinct())
    waiting.update(state=Push.State.CANCELLED, settled_at=now)
    PushQueue.objects.filter(pk__in=[queue.pk for queue in queues]).update(
        attempts=0, retry_at=None
    )
    for queue in queues:
        wake(queue)


def forget_last_words(pushes: Any) -> None:
    """What had to be said of an erased person is said."""
    pushes.filter(is_last_word=True).update(path=ERASED, body=ERASED, label=ERASED)


def give_up_last_words(
    *, peer: Peer, why: str, now: datetime, older_than: datetime | None = None,
    actor: Actor | None = None,
) -> int:  # fmt: skip
    """Take out what the peer was still to be told of erased persons, and blank it; how many.

    What is left is the fact: the pushes, cancelled, and an entry at the peer, because it may go on
    to accept these tokens.
    """
    words = _last_words(older_than or now).filter(queue__peer=peer)
    ids = list(words.values_list("pk", flat=True))
    with transaction.atomic():
        taken = Push.objects.filter(pk__in=ids, state=Push.State.WAITING).update(
            state=Push.State.CANCELLED, settled_at=now, last_error=why,
            path=ERASED, body=ERASED, label=ERASED,
        )  # fmt: skip
        if taken:
            note_not_told(peer=peer, count=taken, why=why, actor=actor)
    return taken


def note_not_told(*, peer: Peer, count: int, why: str, actor: Actor | None = None) -> None:
    """The peer does not learn that tokens of erased persons ended: an entry that staff see."""
    note(
        "gave up telling that tokens ended", object_type=peer._meta.label_lower,
        object_id=str(peer.pk), object_label=str(peer), reason=why, actor=actor,
        after={"tokens_of_erased_persons": count},
    )  # fmt: skip


def replay_push(*, push: Push) -> None:
    """Send a settled push once more, at the end of the queue. Raises PushWaits, PushErased."""
    if push.state == Push.State.WAITING:
        raise PushWaits(f"{push} waits in the queue.")
    if push.body == ERASED:
        raise PushErased("The person it was about is erased.")
    message = Message(
        push.module, push.method, push.path, push.body, push.label, tuple(push.unsaid)
    )
    enqueue(peer=push.queue.peer, messages=[message])


def _last_words(until: datetime) -> Any:
    """Those of before `until` that still wait."""
    waiting = Push.objects.filter(state=Push.State.WAITING, is_last_word=True)
    return waiting.filter(created_at__lt=until)


def purge_pushes(*, now: datetime) -> int:
    """Remove settled pushes older than set; returns how many.

    Last words that wait as long are given up: what they say of erased persons must end, too.
    """
    until = now - timedelta(days=settings.OCPI_LOG_DAYS)
    why = f"Not delivered within {settings.OCPI_LOG_DAYS} days."
    for peer in Peer.objects.filter(queue__pushes__in=_last_words(until)).distinct():
        give_up_last_words(peer=peer, why=why, now=now, older_than=until)
    settled = Push.objects.exclude(state=Push.State.WAITING).filter(settled_at__lt=until)
    return settled.delete()[0]
