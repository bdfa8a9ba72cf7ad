"""Reading the body of a request, and never more of it than a message may have."""

from django.conf import settings
from django.http import HttpRequest

from apps.roaming.ocpi.errors import BodyTooLarge, BrokenJson


def read_body(request: HttpRequest) -> bytes:
    """The body. Raises BodyTooLarge before a body that announces its length is read, BrokenJson
    for one that breaks off.

    Peers (Gireve among them) send chunked bodies without a length; Django takes those for empty,
    so the server's own stream is read where it says that it ends by itself.
    """
    limit = settings.OCPI_MAX_BODY_BYTES
    if _length(request) > limit:
        raise _too_large(limit)
    stream = request
    if request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        stream = request.META.get("wsgi.input", request)
    try:
        body: bytes = stream.read(limit + 1)
    except Exception as error:
        # Each server has errors of its own for chunks that are none, or that end too early.
        raise BrokenJson(f"The body can't be read: {type(error).__name__}.") from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if str(text).isdigit() else 0


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.")
