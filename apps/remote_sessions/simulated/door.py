"""The door for what the simulated operator sends: results, sessions, CDRs.

Thin: it checks the token, reads the form and calls one service. Other operators come through
the OCPI door.
"""

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.audit.context import Actor, acting
from apps.cdrs.services import CdrConflicting, receive_cdr, receive_session
from apps.core.errors import DomainError
from apps.remote_sessions.operators import CommandResult
from apps.remote_sessions.services import record_command_result
from apps.remote_sessions.simulated.reading import (
    MessageUnreadable,
    read_cdr,
    read_json,
    read_session,
)

Work = Callable[..., None]


class NotTheSimulator(DomainError):
    """The token is not the simulated operator's."""

    code = "TOKEN_WRONG"
    http_status = 401


def _door(work: Work) -> Callable[..., JsonResponse]:
    """OCPI's envelope around a call: 1000, or 2000 with the reason."""

    @csrf_exempt
    @require_http_methods(["POST", "PUT"])
    @wraps(work)
    def view(request: HttpRequest, **kwargs: Any) -> JsonResponse:
        now = timezone.now()
        try:
            _check_token(request)
            content = read_json(request.body)
            with acting(Actor.job("simulated operator")):
                work(content=content, raw=request.body.decode(), now=now, **kwargs)
        except DomainError as error:
            said = {"status_code": 2000, "status_message": f"{error.code}: {error.message}"}
            return JsonResponse({**said, "timestamp": now}, status=error.http_status)
        return JsonResponse({"status_code": 1000, "timestamp": now})

    return view


def _check_token(request: HttpRequest) -> None:
    token = settings.SIMULATED_OPERATOR_TOKEN
    expected = "Token " + base64.b64encode(token.encode()).decode()
    sent = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise NotTheSimulator("The token is not known.")


@_door
def take_result(
    *, content: dict[str, Any], raw: str, now: datetime, command_id: UUID, secret: str
) -> None:
    """The CommandResult of a START or STOP."""
    if not isinstance(content.get("result"), str):
        raise MessageUnreadable("A CommandResult has a result.")
    result = CommandResult(result=content["result"])
    record_command_result(command_id=command_id, secret=secret, result=result, now=now)


@_door
def take_session(
    *, content: dict[str, Any], raw: str, now: datetime, country: str, party: str, session: str
) -> None:
    message = read_session(content, raw=raw)
    if message.identity != (country.upper(), party.upper(), session.upper()):
        raise MessageUnreadable("The address and the body name different sessions.")
    receive_session(message=message, source="OCPI", now=now)


@_door
def take_cdr(*, content: dict[str, Any], raw: str, now: datetime) -> None:
    """Other content under a known id is kept for staff; sending it again would not help."""
    try:
        receive_cdr(message=read_cdr(content, raw=raw), source="OCPI", now=now)
    except CdrConflicting:
        return


urlpatterns = [
    path("commands/<uuid:command_id>/<str:secret>", take_result),
    path("sessions/<str:country>/<str:party>/<str:session>", take_session),
    path("cdrs", take_cdr),
]
