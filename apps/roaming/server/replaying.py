"""Handling a kept message of a peer once more, for example after a token was added."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import resolve
from django.utils import timezone

from apps.core.ids import new_id
from apps.roaming.addresses import base_url
from apps.roaming.models import Exchange, PeerToken
from apps.roaming.server.door import Call, Said
from apps.roaming.services.exchanges import request_body_of
from apps.roaming.services.replaying import NotReplayable, check_replayable, path_of


def handle_again(*, exchange: Exchange) -> Said:
    """What the peer would be answered now; it is told nothing. Raises NotReplayable."""
    peer = check_replayable(exchange)
    if exchange.direction != Exchange.Direction.IN:
        raise NotReplayable("It went to the peer; send it again instead.")
    token = PeerToken.objects.select_related("peer__party").filter(peer=peer, ended_at=None).first()
    if token is None:
        raise NotReplayable("Its peer has no token.")
    path, _, query = path_of(exchange).partition("?")
    found = resolve(path)
    request = HttpRequest()
    request.method, request.GET = exchange.method, QueryDict(query)
    call = Call(
        request=request, now=timezone.now(),
        request_id=str(new_id()), correlation_id=exchange.correlation_id,
        base=peer.our_url or base_url(), body=request_body_of(exchange),
    )  # fmt: skip
    view_function: Any = found.func
    view = view_function.view_class()
    said: Said = view.replayed(call, token, dict(found.kwargs))
    return said
