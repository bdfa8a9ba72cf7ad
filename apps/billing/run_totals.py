"""What a run comes to: always the sum of its live invoices."""

from typing import Any

from django.db.models import Count, QuerySet, Sum

from apps.audit.context import Actor
from apps.audit.services import record
from apps.billing.models import Invoice, InvoiceRun
from apps.billing.totals import Turnover
from apps.core.money import ZERO


def sum_invoices(invoices: QuerySet[Invoice]) -> dict[str, Turnover]:
    """The sums per currency of any invoices, in one query."""
    rows: Any = (
        invoices.order_by()
        .values("currency")
        .annotate(
            count=Count("id"),
            line_sum=Sum("line_count"),
            net=Sum("net_total"),
            vat=Sum("vat_total"),
            gross=Sum("gross_total"),
        )
    )
    return {
        row["currency"]: Turnover(
            row["count"], row["line_sum"] or 0, row["net"] or ZERO, row["vat"] or ZERO,
            row["gross"] or ZERO,
        ).in_minor_units(row["currency"])
        for row in sorted(rows, key=lambda row: str(row["currency"]))
    }  # fmt: skip


def refresh_totals(*, run: InvoiceRun, actor: Actor | None = None) -> None:
    """Write the run's totals anew; nothing when they are right."""
    locked = InvoiceRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    sums = sum_invoices(Invoice.objects.live().filter(run=run))
    locked.totals = {currency: one.as_json() for currency, one in sums.items()}
    record("added up invoice run", locked, actor=actor)
    run.totals = locked.totals
