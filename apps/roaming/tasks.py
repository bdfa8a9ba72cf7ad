"""Jobs of the connections: pull, push, tidy up."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.leases import job_run, lease
from apps.roaming.client.calls import PeerNotReached
from apps.roaming.models import Peer, PullCursor
from apps.roaming.services.delivering import deliver_queue, due_queues
from apps.roaming.services.exchanges import purge_exchanges
from apps.roaming.services.pulling import (
    PullRunning,
    give_up,
    is_asked,
    modules_of,
    note_asked,
    pull_module,
    was_tried,
)
from apps.roaming.services.queueing import purge_pushes, send_after
from apps.roaming.services.receiving_cdrs import receive_waiting_cdrs
from apps.roaming.services.token_pushes import push_changed_tokens

log = structlog.get_logger(__name__)


def _registered(peer_id: str) -> Peer | None:
    peer: Peer | None = (
        Peer.objects.registered().select_related("party").filter(pk=UUID(peer_id)).first()
    )
    return peer


def ask_for_pull(peer: Peer, *, full: bool = False) -> None:
    """Have a worker pull the peer's lists as they are from now on; `full`: the whole lists."""
    note_asked(peer=peer, full=full)
    pull_peer.delay(str(peer.pk), asked_at=timezone.now().isoformat())


@shared_task
def pull_peer(peer_id: str, asked_at: str | None = None) -> None:
    """Pull all lists of a peer; one that fails does not keep the others, unless nobody is there.

    A list whose pull began after it was asked for is not pulled again: who asks ten times gets
    one pull. One that is being pulled is pulled again by its puller when it is done.
    """
    peer = _registered(peer_id)
    if peer is None:
        return
    since = datetime.fromisoformat(asked_at) if asked_at else timezone.now()
    for module, operator in modules_of(peer):
        is_wanted = not was_tried(peer=peer, module=module, operator=operator, since=since)
        while is_wanted:
            # Either side may have ended the connection, or renewed the tokens, meanwhile.
            peer = _registered(peer_id)
            if peer is None:
                return
            try:
                pull_module(peer=peer, module=module, operator=operator)
            except PullRunning:
                break
            except PeerNotReached as error:
                # Its other lists are behind the same door: the worker is for those that answer.
                log.warning("pull failed", peer=str(peer), module=module, error=error.message)
                give_up(peer=peer)
                return
            except DomainError as error:
                log.warning("pull failed", peer=str(peer), module=module, error=error.message)
            except Exception:
                log.exception("pull failed", peer=str(peer), module=module)
            is_wanted = is_asked(peer=peer, module=module, operator=operator)


@shared_task
def pull_due_peers() -> None:
    """Send out a pull for each peer whose last one is too long ago, stopped half-way, or was asked
    for and did not begin."""
    now = timezone.now()
    recent = now - timedelta(minutes=settings.OCPI_PULL_MINUTES)
    pulled = set(
        PullCursor.objects.filter(succeeded_at__gt=recent, next_url="", asked="")
        .exclude(module__contains=":")
        .values_list("peer_id", "module", "operator")
    )
    for peer in Peer.objects.registered().select_related("party"):
        if any((peer.pk, module, operator) not in pulled for module, operator in modules_of(peer)):
            ask_for_pull(peer)


@shared_task
def deliver_peer(peer_id: str) -> None:
    """Send what waits for a peer, for a while; the rest has a task of its own."""
    peer = _registered(peer_id)
    if peer is not None:
        deliver_queue(peer=peer)


@shared_task
def receive_cdrs() -> None:
    """Receive the CDRs that wait; beat begins a run every few seconds anyway."""
    receive_waiting_cdrs(now=timezone.now())


@shared_task
def push_due_messages() -> None:
    """Wake the queues that are due, each with a task of its own, and queue changed tokens."""
    now = timezone.now()
    for queue in due_queues(now=now).select_related("peer"):
        send_after(queue.peer, seconds=0)
    with lease(job="roaming.push_due_messages", duration=timedelta(minutes=5)) as held:
        if held:
            for peer in Peer.objects.registered().select_related("party"):
                push_changed_tokens(peer=peer, now=now)


@shared_task
def purge_messages() -> None:
    """Old exchanges and settled pushes end."""
    with job_run(job="roaming.purge_messages") as run:
        now = timezone.now()
        run.counts = {"exchanges": purge_exchanges(now=now), "pushes": purge_pushes(now=now)}
