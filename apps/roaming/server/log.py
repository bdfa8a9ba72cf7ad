"""What peers asked and what we answered, kept for staff; what it costs is one insert."""

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse

from apps.core.blanking import without_secrets
from apps.core.inserting import insert_many
from apps.roaming.models import Exchange
from apps.roaming.ocpi.headers import blanked
from apps.roaming.services.exchanges import kept_parts
from apps.roaming.services.health import heard_from

if TYPE_CHECKING:
    from apps.roaming.server.door import Call, Said

log = structlog.get_logger(__name__)


def keep_exchange(
    call: "Call", response: HttpResponse, said: "Said", *, module: str, milliseconds: int
) -> None:
    """Write the exchange down; a failure to do so never changes the answer."""
    peer = call._token.peer if call._token else None
    if peer is None and _too_many_strangers():
        return
    try:
        parts = kept_parts(
            module=module, url=without_secrets(call.request.build_absolute_uri())[:2000],
            request_body="" if call.taken else call.body,
            response_body=response.content.decode(),
        )  # fmt: skip
        exchange = Exchange(
            peer=peer,
            direction=Exchange.Direction.IN,
            at=call.now,
            milliseconds=milliseconds,
            module=module,
            method=call.request.method or "",
            request_id=call.request_id[:100],
            correlation_id=call.correlation_id[:100],
            request_headers=blanked(dict(call.request.headers)),
            cdr_id=call.taken,
            http_status=response.status_code,
            ocpi_status=said.status,
            response_headers=blanked(dict(response.headers)),
            unsaid=list(said.unsaid),
            **parts,
            source_address=call.request.META.get("REMOTE_ADDR", "")[:45],
        )
        insert_many([exchange])
        if peer is not None:
            heard_from(peer=peer, now=call.now)
    except Exception:
        log.exception("exchange not kept", request_id=call.request_id)


def _too_many_strangers() -> bool:
    """Requests without a valid token can't fill the disk: some per minute are kept."""
    key = "roaming-strangers"
    cache.add(key, 0, timeout=int(timedelta(minutes=1).total_seconds()))
    try:
        return cache.incr(key) > settings.OCPI_LOG_STRANGERS_PER_MINUTE
    except ValueError:
        return False
