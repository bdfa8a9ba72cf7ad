"""The files of issued invoices: made once, after the commit that issued them."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from apps.billing.models import Invoice, InvoiceDocument
from apps.billing.printing.cii import embed_xml, render_xml
from apps.billing.printing.page import page_of
from apps.billing.printing.pdf import render_pdf
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

# The task that the event sends has this long before the sweeper helps.
_PATIENCE = timedelta(minutes=2)
_BATCH = 200


class NotIssued(DomainError):
    """Only an issued invoice has documents: a draft may still change."""

    code = "INVOICE_NOT_ISSUED"


def make_documents(*, invoice_id: UUID) -> list[InvoiceDocument]:
    """The invoice's documents, made if they are not there. Raises NotIssued.

    Safe to do twice at once: what was stored first stays, and is never made again.
    """
    invoice = Invoice.objects.get(pk=invoice_id)
    if invoice.state != Invoice.State.ISSUED:
        raise NotIssued(f"Invoice {invoice} is not issued yet.")
    made = {document.format: document for document in invoice.documents.all()}
    if InvoiceDocument.Format.XML not in made:
        _store(invoice, InvoiceDocument.Format.XML, render_xml(invoice))
    if InvoiceDocument.Format.PDF not in made:
        # The PDF carries the very XML that is stored, whichever process stored it.
        xml = bytes(invoice.documents.get(format=InvoiceDocument.Format.XML).content)
        pdf = embed_xml(render_pdf(page_of(invoice)), xml, invoice)
        _store(invoice, InvoiceDocument.Format.PDF, pdf)
    return list(invoice.documents.order_by("format"))


def make_missing_documents(*, now: datetime) -> int:
    """Make what the task of the event did not, oldest first; returns how many invoices got theirs.

    One that fails is logged and left for the next time; the others go on.
    """
    made = 0
    for pk in _without_pdf(now):
        try:
            make_documents(invoice_id=pk)
        except Exception:
            logger.exception("invoice_document_failed", invoice_id=str(pk))
        else:
            made += 1
    return made


def _without_pdf(now: datetime) -> Iterable[UUID]:
    pdf = InvoiceDocument.objects.filter(invoice=OuterRef("pk"), format=InvoiceDocument.Format.PDF)
    ids = (
        Invoice.objects.issued()
        .filter(~Exists(pdf), issued_at__lt=now - _PATIENCE)
        .order_by("issued_at", "id")
        .values_list("pk", flat=True)
    )
    return list(ids[:_BATCH])


def _store(invoice: Invoice, format: InvoiceDocument.Format, content: bytes) -> None:
    document = InvoiceDocument(
        invoice=invoice,
        format=format,
        file_name=f"{invoice.number}.{format.value.lower()}",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        logger.info("invoice_document_there_already", invoice=str(invoice), format=format.value)
