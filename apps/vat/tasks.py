"""Jobs of the VAT id register."""

from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apps.core.leases import job_run, lease
from apps.core.models import JobRun
from apps.vat.services import check_due_vat_ids, decide_again_on_vat_ids, enrol_account_ids
from apps.vat.vies import ViesClient

JOB = "vat.check_vat_ids"
# Longer than 200 consultations of 15 s can take.
_LEASE = timedelta(hours=1)
# Accounts that were being written while the last run began are looked at again.
_OVERLAP = timedelta(minutes=10)


@shared_task
def check_vat_ids() -> None:
    """Enrol the ids of changed accounts, check what is due, and decide anew what waited for it;
    one run at a time."""
    now = timezone.now()
    with lease(job=JOB, duration=_LEASE, now=now) as held:
        if not held:
            return
        since = _last_run()
        with job_run(job=JOB) as run:
            enrol_account_ids(changed_since=since, now=now)
            counts = check_due_vat_ids(client=configured_client(), now=timezone.now())
            decided = decide_again_on_vat_ids(values=counts.settled, now=timezone.now())
            run.counts = {
                "valid": counts.valid,
                "invalid": counts.invalid,
                "unavailable": counts.unavailable,
                "held decisions settled": decided,
            }


def configured_client() -> ViesClient:
    """The client of the register that the settings name."""
    return ViesClient(
        url=settings.VIES_URL.rstrip("/"),
        requester=settings.VIES_REQUESTER,
        timeout=settings.VIES_TIMEOUT,
    )


def _last_run() -> datetime | None:
    last = (
        JobRun.objects.filter(job=JOB, outcome=JobRun.Outcome.SUCCEEDED)
        .order_by("-started_at")
        .values_list("started_at", flat=True)
        .first()
    )
    return last - _OVERLAP if last else None
