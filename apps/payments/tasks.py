"""Jobs of payments."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from apps.core.leases import job_run
from apps.payments.services.settle import settle_due_payments, settle_payment


@shared_task
def settle_payments(payment_ids: list[str]) -> None:
    """Ask the PSP for these payments at once; one that fails is left to the minute job."""
    for payment_id in payment_ids:
        settle_payment(payment_id=UUID(payment_id), now=timezone.now())


@shared_task
def settle_waiting_payments() -> None:
    """Each minute: ask the PSP again for what is due."""
    with job_run(job="payments.settle") as run:
        run.counts = settle_due_payments(now=timezone.now())
