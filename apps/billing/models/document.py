"""Files beside issued invoices, and the logos on them: written once, known by their SHA-256."""

from typing import Any, ClassVar

from django.db import models

from apps.billing.models.frozen import InsertOnly, InsertOnlyQuerySet
from apps.billing.models.invoice import Invoice
from apps.core.models import BaseModel


class InvoiceDocument(InsertOnly, BaseModel):
    """A file of an issued invoice, made once."""

    class Format(models.TextChoices):
        PDF = "PDF", "PDF"
        XML = "XML", "XML (EN 16931)"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents")
    format = models.CharField(max_length=5, choices=Format)
    file_name = models.CharField(max_length=100)
    content = models.BinaryField()
    sha256 = models.CharField("SHA-256", max_length=64)

    objects: ClassVar[Any] = InsertOnlyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "format"], name="document_once"),
        ]

    def __str__(self) -> str:
        return self.file_name


class BrandLogo(InsertOnly, BaseModel):
    """A provider's logo as it was when an invoice was issued; the snapshot names its hash."""

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    media_type = models.CharField(max_length=50)
    content = models.BinaryField()

    objects: ClassVar[Any] = InsertOnlyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.sha256[:12]
