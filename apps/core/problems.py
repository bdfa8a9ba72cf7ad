"""Errors of the REST API as problem+json (RFC 9457); the only place that makes them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core.errors import DomainError

CONTENT_TYPE = "application/problem+json"
# Members with a meaning of their own (RFC 9457, section 3.1, and our code).
_OWN = frozenset({"type", "title", "status", "detail", "instance", "code"})


class ProblemSerializer(serializers.Serializer[Any]):
    """An error as RFC 9457 has it; `code` is for programs, `detail` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


def problem(
    *, status: int, code: str, detail: str, extra: Mapping[str, Any] | None = None
) -> Response:
    """A problem document: type, title, status, detail, code and whatever a program needs.

    What is named in `extra` like a member of the document itself is told as `error_<name>`.
    """
    body = {
        "type": f"/api/docs/errors#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **{f"error_{n}" if n in _OWN else n: value for n, value in (extra or {}).items()},
    }
    return Response(body, status=status, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: domain errors and DRF's own become problem documents; others stay 500."""
    if isinstance(error, DomainError):
        set_rollback()
        return problem(
            status=error.http_status, code=error.code, detail=error.message, extra=error.details
        )
    if isinstance(error, RequestDataTooBig):
        set_rollback()
        return problem(status=413, code="BODY_TOO_LARGE", detail="The request body is too large.")
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        set_rollback()
        return _of_api_exception(error)
    return None


def _of_api_exception(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        response = problem(
            status=400,
            code="INVALID_INPUT",
            detail="The request has values that can't be used; see errors.",
            extra={"errors": error.detail},
        )
    else:
        code = error.get_codes() if isinstance(error.get_codes(), str) else error.default_code
        response = problem(
            status=error.status_code, code=str(code).upper(), detail=str(error.detail)
        )
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    return response
