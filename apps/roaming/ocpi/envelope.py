"""The response format: data, status code, message, timestamp (`transport_and_format`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.roaming.ocpi.errors import SUCCESS
from apps.roaming.ocpi.times import read_time, write_time

# The specification advises to leave `data` out where it defines none.
NO_DATA: Final = object()


def envelope(
    data: Any = NO_DATA, *, now: datetime, status: int = SUCCESS, message: str = "Success"
) -> dict[str, Any]:
    """An answer; without `data` the member is left out."""
    answer: dict[str, Any] = {} if data is NO_DATA else {"data": data}
    return {
        **answer,
        "status_code": status,
        "status_message": message[:255],
        "timestamp": write_time(now),
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as read: `status_code` is None when the body was no OCPI envelope."""

    data: Any = None
    status_code: int | None = None
    status_message: str = ""
    timestamp: datetime | None = None

    @property
    def succeeded(self) -> bool:
        """A code of 1xxx."""
        return self.status_code is not None and 1000 <= self.status_code < 2000


def read_answer(body: Any) -> Answer:
    """The envelope of an answer, read with patience: only the status code has to be there."""
    if not isinstance(body, dict):
        return Answer()
    code, message, stamp = (body.get(key) for key in ("status_code", "status_message", "timestamp"))
    return Answer(
        data=body.get("data"),
        status_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        status_message=message if isinstance(message, str) else "",
        timestamp=read_time(stamp) if isinstance(stamp, str) else None,
    )
