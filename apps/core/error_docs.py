"""/api/docs/errors: what each error code of the API means; `type` of a problem leads here."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework import exceptions

from apps.core.errors import DomainError


@dataclass(frozen=True, slots=True, order=True)
class ErrorCode:
    """A code with its HTTP status and the sentence that explains it."""

    code: str
    status: int
    meaning: str

    @property
    def phrase(self) -> str:
        return HTTPStatus(self.status).phrase


# Those that are no domain errors: the web framework's own, and authentication's.
_FROM_THE_DOOR: Final = (
    ErrorCode("BODY_TOO_LARGE", 413, "The request body is larger than is accepted."),
    ErrorCode("CREDENTIAL_EXPIRED", 401, "The credential was valid until its expiry."),
    ErrorCode("CREDENTIAL_MALFORMED", 401, "It is not of the form evc_<prefix>_<secret>."),
    ErrorCode("CREDENTIAL_REVOKED", 401, "The credential was revoked; ask for a new one."),
    ErrorCode("CREDENTIAL_UNKNOWN", 401, "There is no credential with this prefix and secret."),
    ErrorCode("SCOPE_MISSING", 403, "The credential lacks the scope that this needs."),
)
_OF_THE_FRAMEWORK: Final = (
    exceptions.NotAuthenticated, exceptions.PermissionDenied, exceptions.NotFound,
    exceptions.MethodNotAllowed, exceptions.NotAcceptable, exceptions.UnsupportedMediaType,
    exceptions.ParseError, exceptions.Throttled,
)  # fmt: skip


def error_codes() -> list[ErrorCode]:
    """Every code that an answer of the API can carry, in the order of the alphabet."""
    known = {error.code: error for error in (*_framework_codes(), *_domain_codes(DomainError))}
    return sorted({**known, **{error.code: error for error in _FROM_THE_DOOR}}.values())


def _framework_codes() -> Iterator[ErrorCode]:
    for kind in _OF_THE_FRAMEWORK:
        yield ErrorCode(kind.default_code.upper(), kind.status_code, str(kind.default_detail))


def _domain_codes(kind: type[DomainError]) -> Iterator[ErrorCode]:
    for error in kind.__subclasses__():
        if error.__module__.startswith("apps."):
            if "code" in vars(error):
                yield ErrorCode(error.code, error.http_status, _first_sentence(error))
            yield from _domain_codes(error)


def _first_sentence(error: type[DomainError]) -> str:
    words = (error.__doc__ or f"{error.code.replace('_', ' ').capitalize()}.").split("\n\n")[0]
    return " ".join(words.split())


@require_safe
def error_docs(request: HttpRequest) -> HttpResponse:
    """The page for people."""
    return render(request, "core/errors.html", {"errors": error_codes()})
