"""Exchanged messages: what of them is kept, and for how long."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from apps.roaming.models import Exchange

# Credentials in bodies: `"token": "..."`; charge tokens are objects and stay readable.
_SECRET: Final = re.compile(r'("token"\s*:\s*")[^"]*(")')
# Callback addresses in bodies of commands.
_RESPONSE_URL: Final = re.compile(r'("response_url"\s*:\s*"[^"]*/)[^"/]{20,}(")')


def kept_body(body: str) -> str:
    """The body as it may be kept: secrets blanked, cut at the set size, without NUL."""
    blank = _RESPONSE_URL.sub(r"\1***\2", _SECRET.sub(r"\1***\2", body))
    limit = settings.OCPI_LOG_BODY_CHARACTERS
    cut = blank if len(blank) <= limit else f"{blank[:limit]}… ({len(blank)} characters)"
    return cut.replace("\x00", "\\0").encode("utf-8", "replace").decode()


def purge_exchanges(*, now: datetime) -> int:
    """Remove what is older than set, and the oldest beyond the set number; returns how many."""
    until = now - timedelta(days=settings.OCPI_LOG_DAYS)
    removed = Exchange.objects.filter(at__lt=until).delete()[0]
    newest_first: Any = Exchange.objects.order_by("-at").values_list("at", flat=True)
    beyond = newest_first[settings.OCPI_LOG_ROWS : settings.OCPI_LOG_ROWS + 1]
    for oldest_kept in beyond:
        removed += Exchange.objects.filter(at__lte=oldest_kept).delete()[0]
    return removed
