"""What billing does when something happened."""

from django.db import transaction

from apps.billing.tasks import make_documents
from apps.events import subscriptions
from apps.events.models import Event


def subscribe() -> None:
    subscriptions.subscribe(
        "invoice.issued", name="billing.documents", handler=make_documents_of_issued
    )


def make_documents_of_issued(event: Event) -> None:
    """Send the task; should it get lost, the sweeper finds the invoice without a PDF."""
    transaction.on_commit(lambda: make_documents.delay(event.aggregate_id), robust=True)
