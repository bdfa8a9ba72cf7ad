"""Everything that changes invoices: drafting, issuing, discarding, documents."""

from apps.billing.services.discarding import discard_draft
from apps.billing.services.documents import make_documents, make_missing_documents
from apps.billing.services.issuing import (
    DraftOutdated,
    IssueSummary,
    issue_each,
    issue_invoice,
    issue_invoices,
)
from apps.billing.services.runs import RunSummary, run_invoices

__all__ = [
    "DraftOutdated",
    "IssueSummary",
    "RunSummary",
    "discard_draft",
    "issue_each",
    "issue_invoice",
    "issue_invoices",
    "make_documents",
    "make_missing_documents",
    "run_invoices",
]
