"""Exchanged messages: what of them is kept, under whose key, and for how long."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from apps.audit.personal import keyring, protect_jointly
from apps.cdrs.models import CDR
from apps.core.blanking import without_secrets
from apps.roaming.models import Exchange, WaitingCdr
from apps.roaming.persons import (
    drivers_in,
    drivers_in_url,
    drivers_of_exchange,
    is_list,
    protect_page,
)

# Callback addresses in bodies of commands, whosever they are.
_RESPONSE_URL: Final = re.compile(r'("response_url"\s*:\s*"[^"]*/)[^"/]{20,}(")')


def kept_body(body: str) -> str:
    """The body as it may be kept: secrets blanked, cut at the set size, without NUL."""
    blank = _RESPONSE_URL.sub(r"\1***\2", without_secrets(body))
    limit = settings.OCPI_LOG_BODY_CHARACTERS
    cut = blank if len(blank) <= limit else f"{blank[:limit]}… ({len(blank)} characters)"
    return cut.replace("\x00", "\\0").encode("utf-8", "replace").decode()


def kept_parts(*, module: str, url: str, request_body: str, response_body: str) -> dict[str, str]:
    """The columns of an exchange that may name drivers, as they are stored.

    A list is kept object by object, each under its own driver's key. All else ends with any of the
    drivers whom it names: what we answer may repeat what was asked.
    """
    drivers = drivers_of_exchange(module, url, (request_body, response_body))
    keys = keyring(drivers)
    if len(drivers) < 2 or not is_list(response_body):
        bodies = [
            protect_jointly(kept_body(b), drivers, keys) for b in (request_body, response_body)
        ]
    else:
        named = drivers_in(module, request_body)
        limit = settings.OCPI_LOG_BODY_CHARACTERS
        bodies = [
            protect_jointly(kept_body(request_body), named, keys),
            protect_page(module, response_body, drivers, limit=limit),
        ]
        drivers = drivers_in_url(url)
    return {
        "url": protect_jointly(url, drivers, keys) if module == "tokens" else url,
        "request_body": bodies[0],
        "response_body": bodies[1],
    }


def request_body_of(exchange: Exchange) -> str:
    """What was asked; that of a CDR that was taken stands with the CDR."""
    if exchange.cdr_id is None:
        return str(exchange.request_body)
    waiting = WaitingCdr.objects.filter(pk=exchange.cdr_id).values_list("message", flat=True)
    stored = CDR.objects.filter(pk=exchange.cdr_id).values_list("raw", flat=True)
    return str(waiting.first() or stored.first() or "")


def purge_exchanges(*, now: datetime) -> int:
    """Remove what is older than set, and the oldest beyond the set number; returns how many."""
    until = now - timedelta(days=settings.OCPI_LOG_DAYS)
    removed = Exchange.objects.filter(at__lt=until).delete()[0]
    newest_first: Any = Exchange.objects.order_by("-at").values_list("at", flat=True)
    beyond = newest_first[settings.OCPI_LOG_ROWS : settings.OCPI_LOG_ROWS + 1]
    for oldest_kept in beyond:
        removed += Exchange.objects.filter(at__lte=oldest_kept).delete()[0]
    return removed
