"""The trail's own job."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.audit.seals import seal_entries
from apps.core.leases import job_run, lease

JOB = "audit.seal"


@shared_task
def seal_audit_entries() -> None:
    """Seal the entries that wait for it."""
    with lease(job=JOB, duration=timedelta(minutes=10)) as held:
        if held:
            with job_run(job=JOB) as run:
                seals = seal_entries(now=timezone.now())
                run.counts = {"seals": len(seals), "entries": sum(seal.entries for seal in seals)}
