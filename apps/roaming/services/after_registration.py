"""What begins when a connection stands."""

from django.db import transaction

from apps.roaming.models import Peer, PullCursor, PushQueue


def start_exchange(*, peer: Peer) -> None:
    """A queue for what we push, and full pulls: the peer may be another than before.

    The queue's lock, because who is just looking for changed tokens notes how far it came.
    """
    PushQueue.objects.get_or_create(peer=peer)
    PushQueue.objects.select_for_update().get(peer=peer)
    cursors = PullCursor.objects.filter(peer=peer)
    cursors.update(since=None, next_since=None, next_url="")
    # A list that is being pulled is asked for again as soon as that pull notices.
    cursors.exclude(module__contains=":").update(succeeded_at=None)
    transaction.on_commit(lambda: _pull(peer), robust=True)


def _pull(peer: Peer) -> None:
    from apps.roaming.tasks import ask_for_pull

    ask_for_pull(peer)
