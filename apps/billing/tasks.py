"""Billing in the background."""

from datetime import timedelta
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from apps.accounts.models import Provider
from apps.audit.context import Actor, ActorKind, acting
from apps.billing import services
from apps.billing.periods import Period
from apps.core.leases import job_run, lease

logger = structlog.get_logger(__name__)


@shared_task
def make_documents(invoice_id: str) -> None:
    """PDF and XML of one issued invoice."""
    services.make_documents(invoice_id=UUID(invoice_id))


@shared_task
def make_missing_documents() -> None:
    """The sweeper: documents whose task got lost."""
    job = "billing.make_missing_documents"
    with lease(job=job, duration=timedelta(minutes=30)) as held:
        if held and (made := services.make_missing_documents(now=timezone.now())):
            logger.info("invoice_documents_swept", made=made)


@shared_task
def run_invoices(provider_id: str, period: str, actor: dict[str, str]) -> None:
    """An invoice run that somebody started in the admin."""
    provider = Provider.objects.get(pk=provider_id)
    with acting(_actor(actor)), job_run(job="billing.run_invoices") as run:
        summary = services.run_invoices(
            provider=provider, period=Period.of_month(period), now=timezone.now()
        )
        run.counts = {**summary.drafts, "held": len(summary.held), "late": summary.late}


@shared_task
def issue_invoices(provider_id: str, period: str, actor: dict[str, str]) -> None:
    """Issue all drafts of a period, for somebody who asked for it in the admin."""
    provider = Provider.objects.get(pk=provider_id)
    with acting(_actor(actor)), job_run(job="billing.issue_invoices") as run:
        summary = services.issue_invoices(
            provider=provider, period=Period.of_month(period), now=timezone.now()
        )
        run.counts = {"issued": len(summary.issued), "refused": len(summary.refused)}


def actor_for_task(actor: Actor) -> dict[str, str]:
    """Who asked, in a form that a task's message can carry."""
    return {"kind": actor.kind.value, "id": actor.id, "label": actor.label}


def _actor(sent: dict[str, str]) -> Actor:
    return Actor(ActorKind(sent["kind"]), sent["id"], sent["label"])
