"""Requests in the processes' logs: by the normalized path, because a path may hold a card's uid."""

import logging
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django_structlog.middlewares import RequestMiddleware

from apps.audit.doors import normalized_path


def path_of(request: HttpRequest) -> str:
    """/ocpi/{version}/tokens/{uid}/authorize/; of what leads nowhere only where it began."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return f"/{request.path_info.lstrip('/').split('/')[0][:40]}/..."
    return normalized_path(match)


class RequestLogMiddleware(RequestMiddleware):
    """One line when a request begins and one when it ends, with its id; no address in full."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {path_of(request)}"


class PathFilter(logging.Filter):
    """Django's own lines ("Not Found: /path") name the normalized path too."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(self._shown(value, request) for value in record.args)
        return True

    def _shown(self, value: Any, request: HttpRequest) -> Any:
        if isinstance(value, str) and request.path in value and len(request.path) > 1:
            return value.replace(request.path, path_of(request))
        return value
