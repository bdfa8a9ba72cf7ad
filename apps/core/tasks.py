"""Jobs of the system itself."""

from celery import shared_task
from django.utils import timezone

from apps.core.models import Heartbeat


@shared_task
def record_beat() -> None:
    """Show /readyz that beat sends and a worker works."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"seen_at": timezone.now()})
