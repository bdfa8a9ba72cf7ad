"""Who wants to hear of results: registered in AppConfig.ready()."""

from collections.abc import Callable
from datetime import datetime

from apps.roaming.models import SentCommand
from apps.roaming.ocpi.commands import Reply

Listener = Callable[[SentCommand, str, Reply, datetime], None]
_listeners: list[Listener] = []


def on_result(listener: Listener) -> None:
    """Call `listener(sent, secret, reply, now)` in the transaction that notes the result."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_result(*, sent: SentCommand, secret: str, reply: Reply, now: datetime) -> None:
    for listener in _listeners:
        listener(sent, secret, reply, now)
