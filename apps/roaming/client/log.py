"""What we asked peers and what they answered, kept for staff."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

import httpx
import structlog
from django.db import transaction

from apps.roaming.models import Exchange, Peer
from apps.roaming.ocpi.headers import CORRELATION_ID, REQUEST_ID, blanked
from apps.roaming.services.exchanges import kept_body, kept_parts

if TYPE_CHECKING:
    from apps.roaming.client.calls import Request

log = structlog.get_logger(__name__)


def keep_call(
    peer: Peer, request: "Request", sent: httpx.Request, response: httpx.Response | None, *,
    at: datetime, milliseconds: int, error: str,
) -> None:  # fmt: skip
    """Write the exchange down; a failure to do so never changes what the call gives."""
    answered = _text(response) if response is not None else ""
    try:
        parts = kept_parts(
            module=request.module, url=kept_body(str(sent.url))[:2000],
            request_body=sent.content.decode("utf-8", "replace"), response_body=answered,
        )  # fmt: skip
        exchange = Exchange(
            peer=peer,
            direction=Exchange.Direction.OUT,
            at=at,
            milliseconds=milliseconds,
            module=request.module,
            method=sent.method,
            request_id=sent.headers[REQUEST_ID],
            correlation_id=sent.headers[CORRELATION_ID],
            request_headers=blanked(dict(sent.headers)),
            http_status=response.status_code if response is not None else None,
            ocpi_status=_status(response),
            response_headers=blanked(dict(response.headers)) if response is not None else {},
            **parts,
            error=error,
            unsaid=list(request.unsaid),
        )
        with transaction.atomic():
            exchange.save(force_insert=True)
    except Exception:
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
