"""Who reacts to which event inside the platform; filled in each app's AppConfig.ready()."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.events.models import Event

Handler = Callable[["Event"], None]
ManyHandler = Callable[[Sequence["Event"]], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler for one event type; `name` tells its deliveries from those of others. `many`
    does for several events what `handler` does for each."""

    name: str
    event_type: str
    handler: Handler
    many: ManyHandler | None = None


# Subscribes to all events.
EVERY_TYPE = "*"

_subscriptions: dict[str, list[Subscription]] = {}


def subscribe(
    event_type: str, *, name: str, handler: Handler, many: ManyHandler | None = None
) -> None:
    """Call `handler(event)` for each event of the type, at least once, effects exactly once.

    With `many` events that come together are handed over together, in their order; when that
    fails, one by one.

    The handler runs in a transaction together with the note that it ran; what it does outside
    the database (send a task, call a server) must be safe to do twice.
    """
    known = _subscriptions.setdefault(event_type, [])
    if all(subscription.name != name for subscription in known):
        known.append(Subscription(name, event_type, handler, many))


def subscribers_of(event_type: str) -> list[Subscription]:
    """The subscriptions for an event type, in the order they were made."""
    return [*_subscriptions.get(event_type, []), *_subscriptions.get(EVERY_TYPE, [])]
