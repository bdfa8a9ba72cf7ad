"""Our tokens go to every peer that takes them, whenever one changes, through whatever door."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.db import transaction

from apps.roaming.models import Peer, PullCursor, Push, PushQueue
from apps.roaming.ocpi import json
from apps.roaming.ocpi.tokens import TokenMessage, write_token
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.queueing import Message, enqueue
from apps.roaming.services.tokens import Owners, changed_since, token_message, tokens_for

MODULE: Final = "tokens:push"
# A change becomes visible when it commits, which is later than its time says.
OVERLAP: Final = timedelta(minutes=10)
BATCH: Final = 500


def push_changed_tokens(*, peer: Peer, now: datetime) -> int:
    """Queue the tokens that changed since the last look; returns how many.

    Looks back by OVERLAP and leaves out what is queued with the same content, so that a change
    that committed late is not missed, and none is sent twice.
    """
    if peer.endpoint("tokens", "RECEIVER") is None:
        return 0
    with transaction.atomic():
        PushQueue.objects.get_or_create(peer=peer)
        queue = PushQueue.objects.select_for_update().get(peer=peer)
        cursor, _ = PullCursor.objects.get_or_create(peer=peer, module=MODULE)
        messages = _fresh(queue, _changed(peer, cursor))
        for first in range(0, len(messages), BATCH):
            enqueue(peer=peer, messages=messages[first : first + BATCH])
        cursor.since, cursor.succeeded_at = now - OVERLAP, now
        cursor.received += len(messages)
        cursor.save()
    return len(messages)


def pushed_until(*, peer: Peer) -> datetime | None:
    """Tokens made until then may have been put into the peer's queue; None: none ever were.

    A little later than the last look, which may take a while. In a transaction: locks the queue,
    so that no others follow before its end.
    """
    PushQueue.objects.select_for_update().filter(peer=peer).first()
    cursor = PullCursor.objects.filter(peer=peer, module=MODULE).first()
    return cursor.succeeded_at + OVERLAP if cursor and cursor.succeeded_at else None


def _changed(peer: Peer, cursor: PullCursor) -> list[Message]:
    owners = Owners.load(peer)
    rows = tokens_for(peer, owners).order_by("changed_at", "id")
    if cursor.since is not None:
        rows = changed_since(rows, cursor.since)
    written = (token_message(peer, row, owners) for row in rows.iterator(chunk_size=1000))
    return [push_of(peer, token) for token in written if token is not None]


def push_of(peer: Peer, token: TokenMessage) -> Message:
    """PUT of a token: at the URL of its owner and uid; a type other than RFID is named there."""
    version = peer.ocpi_version
    said = write_token(token, version)
    owner = token.party
    path = f"/{owner.country_code}/{owner.party_id}/{quote(token.uid, safe='')}"
    if version is not Version.V2_1_1 and token.type != "RFID":
        path += "?" + urlencode({"type": token.type})
    label = f"token {token.contract_id}"
    return Message("tokens", "PUT", path, json.write(said.body), label, said.unsaid)


def _fresh(queue: PushQueue, messages: list[Message]) -> list[Message]:
    """Those whose content is not what the last push of the same token said."""
    last: dict[str, str] = {}
    for first in range(0, len(messages), BATCH):
        paths = [message.path for message in messages[first : first + BATCH]]
        earlier: Any = Push.objects.filter(queue=queue, module="tokens", path__in=paths)
        # REFUSED ones count as said, CANCELLED ones don't.
        earlier = earlier.exclude(state=Push.State.CANCELLED).order_by("number")
        last.update(earlier.values_list("path", "body"))
    return [message for message in messages if last.get(message.path) != message.body]
