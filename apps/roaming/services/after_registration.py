"""What begins when a connection stands."""

from django.db import transaction

from apps.roaming.models import Peer, PullCursor, PushQueue


def start_exchange(*, peer: Peer) -> None:
    """A queue for what we push, and full pulls: the peer may be another than before."""
    PushQueue.objects.get_or_create(peer=peer)
    PullCursor.objects.filter(peer=peer).update(since=None, next_since=None, next_url="")
    transaction.on_commit(lambda: _pull(peer), robust=True)


def _pull(peer: Peer) -> None:
    from apps.roaming.tasks import ask_for_pull

    ask_for_pull(peer)
