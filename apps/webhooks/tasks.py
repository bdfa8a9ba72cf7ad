"""The job that sends."""

from celery import shared_task
from django.utils import timezone

from apps.webhooks.services import deliver_due


@shared_task
def deliver_webhooks() -> None:
    """Send what is due; several workers may."""
    deliver_due(now=timezone.now())
