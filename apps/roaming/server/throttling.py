"""No peer takes more than its share of the server."""

import time

from django.core.cache import cache

from apps.roaming.models import Peer
from apps.roaming.ocpi.errors import TooManyRequests


def count_request(peer: Peer) -> None:
    """Raises TooManyRequests, with the seconds to wait, past the peer's requests per minute.

    Counted in the cache; without a shared one each server process counts for itself.
    """
    now = int(time.time())
    key = f"roaming-requests:{peer.pk}:{now // 60}"
    try:
        count = cache.incr(key)
    except ValueError:
        # The first one of this minute; of two at the same moment one counts.
        cache.add(key, 1, timeout=120)
        return
    if count > peer.requests_per_minute:
        wait = 60 - now % 60
        raise TooManyRequests(
            f"More than {peer.requests_per_minute} requests in a minute.", retry_after=wait
        )
