"""One request of a peer from arrival to answer: the only place that makes OCPI answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from apps.audit.context import Actor, ActorKind, acting
from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.roaming.addresses import base_url
from apps.roaming.models import Peer, PeerToken
from apps.roaming.ocpi import json
from apps.roaming.ocpi.envelope import NO_DATA, envelope
from apps.roaming.ocpi.errors import (
    SUCCESS,
    InvalidMessage,
    NotAllowedNow,
    OcpiError,
    UnknownObject,
    UnsupportedVersion,
)
from apps.roaming.ocpi.headers import CORRELATION_ID, REQUEST_ID, Routing
from apps.roaming.ocpi.versions import Version
from apps.roaming.server.authentication import authenticate, require_access
from apps.roaming.server.bodies import read_body
from apps.roaming.server.log import keep_exchange
from apps.roaming.server.routing import check_routing
from apps.roaming.server.throttling import count_request

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Call:
    """A peer's request as the modules see it."""

    request: HttpRequest
    now: datetime
    request_id: str
    correlation_id: str
    base: str = ""
    body: str = ""
    _token: PeerToken | None = None
    _version: Version | None = None
    routing: Routing = field(default_factory=Routing)
    # The CDR with which the body is kept.
    taken: UUID | None = None

    @property
    def token(self) -> PeerToken:
        assert self._token is not None  # noqa: S101 - the door authenticates first
        return self._token

    @property
    def peer(self) -> Peer:
        return self.token.peer

    @property
    def version(self) -> Version:
        assert self._version is not None  # noqa: S101 - only versions/ has none
        return self._version

    @property
    def query(self) -> dict[str, str]:
        return self.request.GET.dict()

    def json(self) -> Any:
        """The body. Raises BrokenJson."""
        return json.read(self.body)

    def object(self) -> dict[str, Any]:
        """The body, which must be an object. Raises InvalidMessage."""
        value = self.json()
        if not isinstance(value, dict):
            raise InvalidMessage("The body must be an object.")
        return value


@dataclass(frozen=True, slots=True)
class Said:
    """What a module answers."""

    data: Any = NO_DATA
    http_status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    status: int = SUCCESS
    message: str = "Success"
    # What the version of the call has no words for.
    unsaid: tuple[str, ...] = ()


@method_decorator(csrf_exempt, name="dispatch")
class OcpiView(View):
    """Base of all modules: handlers are `on_get(call, ...)` and so on, and return Said."""

    module: ClassVar[str] = ""
    # Versions and credentials: with a registration token too.
    is_configuration: ClassVar[bool] = False
    # Functional modules are; those that set up the connection have no routing headers.
    is_routed: ClassVar[bool] = True
    # Handlers that talk to the peer themselves must not hold a transaction.
    in_transaction: ClassVar[bool] = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        started = time.monotonic()
        call = Call(
            request=request,
            now=timezone.now(),
            request_id=request.headers.get(REQUEST_ID) or str(new_id()),
            correlation_id=request.headers.get(CORRELATION_ID) or str(new_id()),
        )
        said = self._answered(call, kwargs)
        response = _response(call, said)
        if said.http_status == HTTPStatus.METHOD_NOT_ALLOWED:
            response["Allow"] = self._allowed(besides=request.method)
        took = int((time.monotonic() - started) * 1000)
        keep_exchange(call, response, said, module=self.module, milliseconds=took)
        return response

    def replayed(self, call: Call, token: PeerToken, kwargs: dict[str, Any]) -> Said:
        """Handle a kept message again, as the one who asks for it; nothing is authenticated."""
        call._token = token
        call._version = _version(kwargs.pop("version", None))
        handler = self._handler(call.request.method or "")
        try:
            with transaction.atomic():
                return handler(call, **kwargs)
        except DomainError as error:
            return refusal(error)

    def _answered(self, call: Call, kwargs: dict[str, Any]) -> Said:
        try:
            return self._admitted(call, kwargs)
        except DomainError as error:
            return refusal(error)
        except Exception:
            log.exception("ocpi request failed", module=self.module, request_id=call.request_id)
            # No 2xx, so that peers that store and forward send it again.
            return Said(http_status=500, status=3000, message="Internal error.")

    def _admitted(self, call: Call, kwargs: dict[str, Any]) -> Said:
        call._token = authenticate(
            call.request.headers.get("Authorization", ""), to_change=self.is_configuration
        )
        if not self.is_configuration:
            require_access(call.token)
        if self.is_routed:
            call.routing = Routing.read(call.request.headers)
        count_request(call.peer)
        if "\0" in call.request.path:
            raise UnknownObject("No id holds the character NUL.")
        call.base = base_url(call.request.build_absolute_uri("/ocpi"))
        call._version = _version(kwargs.pop("version", None))
        if self.is_routed:
            check_routing(call)
        handler = self._handler(call.request.method or "")
        if call.request.method not in {"GET", "DELETE"}:
            call.body = json.text(read_body(call.request))
        return self._handled(handler, call, kwargs)

    def _handled(self, handler: Callable[..., Said], call: Call, kwargs: dict[str, Any]) -> Said:
        actor = Actor(ActorKind.CREDENTIAL, str(call.token.pk), str(call.peer))
        with acting(actor):
            if call.request.method == "GET" or not self.in_transaction:
                return handler(call, **kwargs)
            with transaction.atomic():
                return handler(call, **kwargs)

    def _handler(self, method: str) -> Callable[..., Said]:
        handler: Callable[..., Said] | None = getattr(self, f"on_{method.lower()}", None)
        if handler is None:
            raise NotAllowedNow(f"{method} is not supported here.")
        return handler

    def _allowed(self, *, besides: str | None) -> str:
        """The methods for `Allow`, which a 405 has to name (RFC 9110, 15.5.6)."""
        known = ("GET", "POST", "PUT", "PATCH", "DELETE")
        return ", ".join(
            method for method in known
            if method != besides and hasattr(self, f"on_{method.lower()}")
        )  # fmt: skip


def _version(text: str | None) -> Version | None:
    if text is None:
        return None
    try:
        return Version(text)
    except ValueError:
        raise UnsupportedVersion(f"OCPI {text} is not supported.") from None


# What the domain refuses, in OCPI: by its HTTP status, as far as the modules don't say it better.
_OCPI_STATUS = {400: 2001, 404: 2001, 409: 2001, 413: 2001, 422: 2001}


def refusal(error: DomainError) -> Said:
    """Each error of the domain as an OCPI answer."""
    if isinstance(error, OcpiError):
        http_status, status = error.http_status, error.ocpi_status
    else:
        # It reached the OCPI layer, so that HTTP says 200; what is missing is 404 nevertheless.
        status = _OCPI_STATUS.get(error.http_status, 2000 if error.http_status < 500 else 3000)
        http_status = error.http_status if error.http_status in {404, 500} else 200
    headers = {}
    if wait := error.details.get("retry_after"):
        headers["Retry-After"] = str(wait)
    return Said(http_status=http_status, status=status, message=error.message, headers=headers)


def _response(call: Call, said: Said) -> HttpResponse:
    body = envelope(said.data, now=call.now, status=said.status, message=said.message)
    response = HttpResponse(
        json.write(body), status=said.http_status, content_type="application/json"
    )
    named = {
        REQUEST_ID: call.request_id, CORRELATION_ID: call.correlation_id, **said.headers,
        **_routing_back(call).headers(),
    }  # fmt: skip
    for name, value in named.items():
        response[name] = value.replace("\r", " ").replace("\n", " ")
    if said.http_status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Token"
    return response


def _routing_back(call: Call) -> Routing:
    """The other way round; a peer that named no receiver has reached our party."""
    back = call.routing.reversed()
    if back.receiver is not None and back.sender is None:
        return replace(back, sender=call.peer.party.ref)
    return back


def page_limit(peer: Peer) -> int:
    """How many objects we give per page."""
    return min(peer.page_limit or settings.OCPI_PAGE_LIMIT, settings.OCPI_PAGE_LIMIT)
