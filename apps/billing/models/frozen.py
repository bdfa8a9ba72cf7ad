"""What an issued invoice is made of never changes: the part of that rule that Python keeps.

The other part are database triggers (apps/billing/triggers.py), for whoever passes Python by.
"""

from typing import Any, TypeVar

from django.db import models

from apps.core.errors import DomainError

_Row = TypeVar("_Row", bound=models.Model)


class InvoiceFrozen(DomainError):
    """An issued or discarded invoice, or a part of one, would change."""

    code = "INVOICE_FROZEN"


class PartQuerySet(models.QuerySet[_Row]):
    """Lines and VAT totals: bulk writes reach drafts only."""

    def update(self, **kwargs: Any) -> int:
        self._refuse_frozen("changed")
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_frozen("removed")
        return super().delete()

    def _refuse_frozen(self, verb: str) -> None:
        frozen = self.filter(invoice__state="ISSUED").values_list("invoice__number", flat=True)
        if number := frozen.first():
            raise InvoiceFrozen(f"Invoice {number} is issued; what is on it can't be {verb}.")


class InvoicePart(models.Model):
    """A row that is frozen together with its invoice."""

    invoice: Any

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_frozen()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_frozen()
        return super().delete(*args, **kwargs)

    def _refuse_frozen(self) -> None:
        invoice = self.invoice
        state = type(invoice)._base_manager.values_list("state", flat=True).get(pk=invoice.pk)
        if state == "ISSUED":
            raise InvoiceFrozen(f"Invoice {invoice} is issued; what is on it can't change.")


class InsertOnlyQuerySet(models.QuerySet[_Row]):
    """Rows that are written once."""

    def update(self, **kwargs: Any) -> int:
        raise InvoiceFrozen(f"{self.model._meta.verbose_name_plural} are written once.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise InvoiceFrozen(f"{self.model._meta.verbose_name_plural} are kept.")


class InsertOnly(models.Model):
    """A row that is written once and kept."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise InvoiceFrozen(f"{self._meta.verbose_name} {self} is written once.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise InvoiceFrozen(f"{self._meta.verbose_name} {self} is kept.")
