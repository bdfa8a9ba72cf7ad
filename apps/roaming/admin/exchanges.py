"""Each exchanged message, to be searched by its ids, read, and repeated."""

import contextlib
import json
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
)
from apps.roaming.models import Exchange
from apps.roaming.server.replaying import handle_again
from apps.roaming.services.exchanges import request_body_of
from apps.roaming.services.replaying import may_be_resent, path_of, resend


def by_id(rows: QuerySet[Exchange], phrase: str) -> QuerySet[Exchange]:
    """By request or correlation id; both are indexed."""
    return rows.filter(Q(request_id=phrase) | Q(correlation_id=phrase))


def came_in(exchange: Exchange) -> bool:
    return bool(exchange.direction == Exchange.Direction.IN)


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyAdmin):
    list_display = [
        "moment", "way", "peer", "module", "message", "answer", "took",
    ]  # fmt: skip
    list_filter = [
        ("peer", RelatedDropdownFilter), ("direction", ChoicesDropdownFilter), "module",
        "ocpi_status", ("at", RangeDateTimeFilter),
    ]  # fmt: skip
    list_select_related = ["peer"]
    search_by = by_id
    search_help_text = "X-Request-ID or X-Correlation-ID"
    ordering = ["-at"]
    when_empty = "Each request to and from a peer is noted here."
    actions_detail = ["send_again", "handle_again"]
    fieldsets: list[Any] = [
        (
            "Exchange",
            {
                "fields": [
                    "at", "peer", "direction", "method", "url", "request_id", "correlation_id",
                    "related", "answer", "took", "error", "unsaid_shown", "source_address",
                ]
            },
        ),
        ("Request", {"fields": ["request_headers_shown", "request_body_shown"]}),
        ("Answer", {"fields": ["response_headers_shown", "response_body_shown"]}),
    ]  # fmt: skip

    @admin.display(description="at (UTC)", ordering="at")
    def moment(self, exchange: Exchange) -> str:
        return f"{exchange.at.astimezone(UTC):%-d %b, %H:%M:%S}"

    @admin.display(description="way", ordering="direction")
    def way(self, exchange: Exchange) -> SafeString:
        return staff_display.badge("← in" if came_in(exchange) else "→ out")

    @admin.display(description="message")
    def message(self, exchange: Exchange) -> SafeString:
        """Without the host, which the peer and the way tell; in full at the mouse."""
        path = path_of(exchange)
        shown = path if len(path) < 60 else f"{path[:59]}…"
        return format_html('<span title="{}">{} {}</span>', exchange.url, exchange.method, shown)

    @admin.display(description="took", ordering="milliseconds")
    def took(self, exchange: Exchange) -> SafeString:
        return staff_display.number(f"{exchange.milliseconds:,} ms")

    @admin.display(description="together with")
    def related(self, exchange: Exchange) -> SafeString | str:
        if not exchange.correlation_id:
            return staff_display.EMPTY
        return messages_of(exchange.correlation_id)

    @admin.display(description="answer", ordering="ocpi_status")
    def answer(self, exchange: Exchange) -> SafeString | str:
        if exchange.http_status is None:
            return staff_display.badge("no answer", "bad")
        text = f"HTTP {exchange.http_status}, OCPI {exchange.ocpi_status or '–'}"
        good = exchange.ocpi_status is not None and 1000 <= exchange.ocpi_status < 2000
        return staff_display.badge(text, "good" if good else "bad")

    @admin.display(description="not said in the peer's version")
    def unsaid_shown(self, exchange: Exchange) -> str:
        return ", ".join(exchange.unsaid) or staff_display.EMPTY

    @admin.display(description="headers")
    def request_headers_shown(self, exchange: Exchange) -> SafeString | str:
        return staff_display.rows(list(exchange.request_headers.items()))

    @admin.display(description="headers")
    def response_headers_shown(self, exchange: Exchange) -> SafeString | str:
        return staff_display.rows(list(exchange.response_headers.items()))

    @admin.display(description="body")
    def request_body_shown(self, exchange: Exchange) -> SafeString | str:
        return shown_json(request_body_of(exchange))

    @admin.display(description="body")
    def response_body_shown(self, exchange: Exchange) -> SafeString | str:
        return shown_json(exchange.response_body)

    @staff_action(
        "Send again", permission="roaming.operate_peer", icon="replay",
        when=may_be_resent,
        question=Question("Ask the peer the same again", "Commands are never sent twice.",
                          reason="none"),
    )  # fmt: skip
    def send_again(self, request: HttpRequest, exchange: Exchange, reason: str) -> str:
        return f"The peer answered {resend(exchange=exchange).describe()}"

    @staff_action(
        "Handle again", permission="roaming.operate_peer", icon="replay", when=came_in,
        question=Question(
            "Handle the peer's message again",
            "As if it came now, for example after a token was added; the peer is told nothing.",
            reason="none",
        ),
    )  # fmt: skip
    def handle_again(self, request: HttpRequest, exchange: Exchange, reason: str) -> str:
        said = handle_again(exchange=exchange)
        return f"Now it is answered HTTP {said.http_status}, OCPI {said.status}: {said.message}"


def messages_of(correlation_id: str) -> SafeString:
    """A link to the messages that belong together."""
    url = f"{reverse('admin:roaming_exchange_changelist')}?{urlencode({'q': correlation_id})}"
    return format_html(
        '<a class="staff-link" href="{}">All messages of this correlation id</a>', url
    )


def shown_json(text: str) -> SafeString | str:
    """JSON with line breaks; what is none as it stands."""
    if not text:
        return staff_display.EMPTY
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    # Long ones scroll, which a keyboard can do only with the focus in them.
    return format_html(
        '<pre class="staff-code" tabindex="0" role="region" aria-label="Message">{}</pre>', text
    )
