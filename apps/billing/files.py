"""A stored document as a download."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from apps.billing.models import InvoiceDocument

_MEDIA_TYPES = {"PDF": "application/pdf", "XML": "application/xml"}


def download(document: InvoiceDocument) -> HttpResponse:
    """The document's bytes as they were stored, with their SHA-256 as ETag."""
    response = HttpResponse(bytes(document.content), content_type=_MEDIA_TYPES[document.format])
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=document.file_name) or ""
    )
    response["ETag"] = f'"{document.sha256}"'
    response["Cache-Control"] = "private, no-cache"
    return response
