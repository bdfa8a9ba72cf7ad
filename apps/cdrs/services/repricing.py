"""Stored CDRs priced again: after a tariff came late or was mended."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.cdrs.models import CDR
from apps.cdrs.services.review import our_prices, price_cdr
from apps.cdrs.services.reviewing import ReasonMissing
from apps.cdrs.services.telling import cdr_event, plain
from apps.core.forking import run_forked
from apps.events.services import emit_many
from apps.tariffs.services import TariffBook

BATCH: Final = 250
# Fewer than so many CDRs aren't worth another process.
WORTH_A_PROCESS: Final = 2_000
COLUMNS: Final = ("computed_cost_excl_vat", "retail_cost_excl_vat")
# Long, and neither priced by nor kept in versions; a version needs all the others.
UNREAD: Final = ("raw", "search_text")


@dataclass(frozen=True, slots=True)
class Repricing:
    """What became of the CDRs: how many were looked at, changed, and could not be priced."""

    looked_at: int
    changed: int
    without_price: int


def reprice_cdrs(
    *, cdrs: Any, reason: str, now: datetime, actor: Actor | None = None, processes: int = 1
) -> Repricing:
    """Computes our prices of the unbilled, not rejected CDRs of a QuerySet anew; a transaction per
    250, so that a killed run goes on where it was. Rows whose prices stay are not written.

    More than one of `processes` share the work by ranges of keys; then it can't be part of a
    transaction. Raises ReasonMissing, ProcessFailed.
    """
    if not reason.strip():
        raise ReasonMissing("Say why these CDRs are priced again.")
    rows = cdrs.live().filter(status__in=[CDR.Status.PENDING, CDR.Status.ACCEPTED])
    book = _book(rows)

    def reprice(part: Any) -> Counter[str]:
        counts: Counter[str] = Counter()
        for keys in _batches(part):
            counts += _reprice_batch(keys, book, reason.strip(), now, actor)
        return counts

    parts = _parts(rows, processes)
    if len(parts) == 1:
        counts = reprice(parts[0])
    else:
        counts = sum(run_forked([partial(reprice, part) for part in parts]), Counter())
    return Repricing(counts["looked at"], counts["changed"], counts["without price"])


def _parts(rows: Any, processes: int) -> list[Any]:
    """The rows in ranges of keys, of about the same size, one for each process."""
    count = rows.count() if processes > 1 else 0
    wanted = min(processes, count // WORTH_A_PROCESS)
    if wanted < 2:
        return [rows]
    keys = rows.order_by("pk").values_list("pk", flat=True)
    first = [keys[count * part // wanted] for part in range(1, wanted)]
    parts = [rows.filter(pk__lt=first[0])]
    parts += [rows.filter(pk__gte=low, pk__lt=high) for low, high in pairwise(first)]
    return [*parts, rows.filter(pk__gte=first[-1])]


def _book(rows: Any) -> TariffBook:
    parties = rows.order_by().values_list("operator_id", "provider_id").distinct()
    operators, providers = set(), set()
    for operator, provider in parties:
        operators.add(operator)
        providers.add(provider)
    return TariffBook(operators=operators - {None}, providers=providers - {None})


def _batches(rows: Any) -> Iterator[list[UUID]]:
    """The keys in their order, read as they are needed."""
    batch: list[UUID] = []
    for key in rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000):
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _reprice_batch(
    keys: list[UUID], book: TariffBook, reason: str, now: datetime, actor: Actor | None
) -> Counter[str]:
    counts: Counter[str] = Counter()
    changed, events = [], []
    with transaction.atomic():
        rows = CDR.objects.select_for_update(of=("self",)).filter(pk__in=keys)
        for cdr in rows.exclude(status__in=[CDR.Status.BILLED, CDR.Status.REJECTED]).defer(*UNREAD):
            counts["looked at"] += 1
            prices = price_cdr(cdr, book)
            counts["without price"] += prices.computed is None
            before = {name: getattr(cdr, name) for name in COLUMNS}
            after = our_prices(cdr, prices)
            if not _same(before, after):
                for name, value in after.items():
                    setattr(cdr, name, value)
                changed.append(cdr)
                events.append(_told(cdr, before, after, reason))
        if changed:
            change = change_of("priced CDR again", reason=reason, actor=actor)
            CDR.objects.bulk_update(changed, COLUMNS, audit_change=change)
            emit_many(events=events, now=now)
    counts["changed"] = len(changed)
    return counts


def _same(before: dict[str, Decimal | None], after: dict[str, Decimal | None]) -> bool:
    return all(before[name] == after[name] for name in COLUMNS)


def _told(
    cdr: CDR, before: dict[str, Decimal | None], after: dict[str, Decimal | None], reason: str
) -> Any:
    return cdr_event(
        "cdr.cost.changed", cdr, reason=reason,
        before={name: plain(value) for name, value in before.items()},
        after={name: plain(value) for name, value in after.items()},
    )  # fmt: skip
