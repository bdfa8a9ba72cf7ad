"""Giving a parked event another chance."""

from apps.audit import services as audit
from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.events.models import Event
from apps.events.tasks import relay_events


class NotParked(DomainError):
    """Only what was given up can be replayed."""

    code = "EVENT_NOT_PARKED"


def replay_event(*, event: Event, reason: str = "", actor: Actor | None = None) -> None:
    """Let the relay try again from the start. Its aggregate's later events have gone ahead.

    Raises NotParked.
    """
    if event.parked_at is None:
        raise NotParked(f"{event} is not parked.")
    event.parked_at = event.next_attempt_at = None
    event.attempts = 0
    event.save(update_fields=["parked_at", "next_attempt_at", "attempts"])
    audit.note(
        "replayed event", object_type="events.event", object_id=str(event.pk),
        object_label=str(event), reason=reason, actor=actor, provider_id=event.provider_id,
    )  # fmt: skip
    relay_events.apply_async(retry=False)
