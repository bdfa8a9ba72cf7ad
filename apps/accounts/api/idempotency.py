"""`Idempotency-Key` on POST: the same request sent twice is done once.

    @idempotent
    def create(self, request: Request) -> Response: ...

The first answer is kept per credential and key, and given again for the same request (with
`Idempotent-Replayed: true`). Refused requests are not kept: nothing was done, so they may be
corrected and sent again under the same key.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from apps.accounts.models import Credential
from apps.accounts.services.idempotency import (
    KeptAnswer,
    claim_key,
    give_up_claim,
    keep_answer,
)
from apps.audit.personal import person_of_token

View = Callable[..., Response]
HEADER: Final = "Idempotency-Key"
_KEPT_HEADERS: Final = ("Location",)

_document = extend_schema(
    parameters=[
        OpenApiParameter(
            HEADER,
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="Your unique text for this request (1 to 255 printable characters). Sent "
            "again within 24 hours with the same body, it gets the first answer; with another "
            "body 422, while the first is still worked on 409.",
        )
    ]
)


def idempotent(view: View) -> View:
    """Makes a view's method safe to call twice with the same `Idempotency-Key`."""

    @wraps(view)
    def once(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(self, request, *args, **kwargs)
        return _answer_once(
            request, key, lambda: view(self, request, *args, **kwargs), timezone.now()
        )

    documented: View = _document(once)
    return documented


def _answer_once(
    request: Request, key: str, work: Callable[[], Response], now: datetime
) -> Response:
    credential = request.auth
    assert isinstance(credential, Credential)  # noqa: S101 - HasScope let no other in
    claim = claim_key(credential=credential, key=key, fingerprint=_fingerprint(request), now=now)
    if isinstance(claim, KeptAnswer):
        return Response(
            json.loads(claim.body), status=claim.status,
            headers={**claim.headers, "Idempotent-Replayed": "true"},
        )  # fmt: skip
    try:
        response = work()
    except BaseException:
        give_up_claim(claim=claim)
        raise
    if response.status_code >= 400:
        give_up_claim(claim=claim)
    else:
        keep_answer(claim=claim, answer=_to_keep(response))
    return response


def _fingerprint(request: Request) -> str:
    """SHA-256 over method, address and body. Raises RequestDataTooBig."""
    content = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    content.update(request._request.body)
    return content.hexdigest()


def _to_keep(response: Response) -> KeptAnswer:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    body = json.dumps(response.data, cls=JSONEncoder)
    return KeptAnswer(response.status_code, body, headers, _driver_of(response.data))


def _driver_of(answer: Any) -> UUID | None:
    """Whose charge an answer tells of."""
    if not isinstance(answer, dict):
        return None
    return person_of_token(answer.get("contract_id") or "", answer.get("token_uid") or "")
