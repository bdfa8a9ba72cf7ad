"""Jobs around parties."""

from celery import shared_task
from django.utils import timezone

from apps.accounts.services.idempotency import sweep_keys


@shared_task
def sweep_idempotency_keys() -> None:
    """Forget yesterday's idempotency keys."""
    sweep_keys(now=timezone.now())
