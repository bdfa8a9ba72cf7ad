"""Jobs of charges."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.cdrs.services.vat import decide_accepted_cdrs
from apps.core.leases import job_run, lease

_VAT_JOB = "cdrs.decide_vat_of_accepted"


@shared_task
def decide_vat_of_accepted() -> None:
    """The safety net of the event: no accepted CDR stays without its VAT decisions."""
    now = timezone.now()
    with lease(job=_VAT_JOB, duration=timedelta(hours=1), now=now) as held:
        if held:
            with job_run(job=_VAT_JOB) as run:
                run.counts = {"decided": decide_accepted_cdrs(now=now)}
