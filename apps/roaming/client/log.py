"""What we asked peers and what they answered, kept for staff."""

import json
from datetime import datetime

import httpx
import structlog
from django.db import DatabaseError

from apps.roaming.models import Exchange, Peer
from apps.roaming.ocpi.headers import CORRELATION_ID, REQUEST_ID, blanked
from apps.roaming.services.exchanges import kept_body

log = structlog.get_logger(__name__)


def keep_call(
    peer: Peer, module: str, sent: httpx.Request, response: httpx.Response | None, *,
    at: datetime, milliseconds: int, error: str,
) -> None:  # fmt: skip
    """Write the exchange down; a failure to do so never changes what the call gives."""
    answered = kept_body(_text(response)) if response is not None else ""
    try:
        Exchange.objects.create(
            peer=peer,
            direction=Exchange.Direction.OUT,
            at=at,
            milliseconds=milliseconds,
            module=module,
            method=sent.method,
            url=kept_body(str(sent.url))[:2000],
            request_id=sent.headers[REQUEST_ID],
            correlation_id=sent.headers[CORRELATION_ID],
            request_headers=blanked(dict(sent.headers)),
            request_body=kept_body(sent.content.decode("utf-8", "replace")),
            http_status=response.status_code if response is not None else None,
            ocpi_status=_status(response),
            response_headers=blanked(dict(response.headers)) if response is not None else {},
            response_body=answered,
            error=error,
        )
    except DatabaseError:
        log.exception("call not kept", peer=str(peer))


def _text(response: httpx.Response) -> str:
    content = getattr(response, "_content", b"")
    return content.decode("utf-8", "replace")


def _status(response: httpx.Response | None) -> int | None:
    try:
        code = json.loads(_text(response))["status_code"] if response is not None else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return code if isinstance(code, int) and 0 <= code < 2**31 else None
