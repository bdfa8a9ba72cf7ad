"""The relay's job."""

from celery import shared_task
from django.utils import timezone

from apps.events.relay import relay_pending


@shared_task
def relay_events() -> None:
    """Publish the pending events of the outbox; a run that ended early asks for the next."""
    if relay_pending(now=timezone.now()).more:
        relay_events.apply_async(retry=False)
