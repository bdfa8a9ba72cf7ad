"""Puts the request into the audit context."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from apps.audit.context import Actor, Context, door


class AuditContextMiddleware:
    """Knows the person of a session; API authentication names its credential later."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        actor = Actor.user(user) if user is not None and user.is_authenticated else None
        with door(_context_of(request, actor)):
            return self.get_response(request)


def _context_of(request: HttpRequest, actor: Actor | None) -> Context:
    bound = structlog.contextvars.get_contextvars()
    return Context(
        actor=actor,
        request_id=str(bound.get("request_id", "")),
        url=request.build_absolute_uri()[:2000],
        method=request.method or "",
        path=request.path,
        source_address=request.META.get("REMOTE_ADDR", ""),
    )
