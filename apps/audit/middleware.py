"""Puts the request into the audit context."""

from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from apps.audit import doors
from apps.audit.context import Actor, Context, describe_door, door


class AuditContextMiddleware:
    """Knows the person of a session; API authentication names its credential later."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        actor = Actor.user(user) if user is not None and user.is_authenticated else None
        with door(_context_of(request, actor)):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> None:
        """Now it is known which path it is, and which part of it may be a secret."""
        if match := request.resolver_match:
            path = doors.normalized_path(match)
            describe_door(
                url=doors.url_of(request, match), path=path, route=doors.route_prefix(path)
            )


def _context_of(request: HttpRequest, actor: Actor | None) -> Context:
    bound = structlog.contextvars.get_contextvars()
    return Context(
        actor=actor,
        request_id=str(bound.get("request_id", "")),
        method=request.method or "",
        source_address=doors.source_address(request),
    )
