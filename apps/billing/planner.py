"""From charges to invoices: what each account would be billed, and what is held and why.

Pure: the same charges give the same plan, in the same order, whichever process asks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.billing.held import Held
from apps.billing.limits import Limits
from apps.billing.partition import Partition, partition_of
from apps.billing.periods import Period
from apps.billing.prices import Chargeable, Price, RetailPrice, price_all
from apps.billing.tax import LineTax, Supplied
from apps.billing.totals import Totals, total_up

DecideTax = Callable[[Supplied], LineTax]


@dataclass(frozen=True, slots=True)
class Charge:
    """A CDR as billing sees it: what it costs, where it was supplied, what to print."""

    chargeable: Chargeable
    supplied: Supplied
    started_at: datetime
    time_zone: str
    description: str

    @property
    def id(self) -> UUID:
        return self.chargeable.id


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line as it will stand on an invoice."""

    charge: Charge
    price: Price
    tax: LineTax

    @property
    def net_amount(self) -> Decimal:
        return self.price.amount

    @property
    def vat_category(self) -> str:
        return self.tax.category

    @property
    def vat_rate(self) -> Decimal:
        return self.tax.rate


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """The lines of one partition, in the order in which the charging ended."""

    partition: Partition
    lines: tuple[PlannedLine, ...]
    totals: Totals


@dataclass(slots=True)
class Plan:
    """What one account is billed; `held` names each charge that is not, and the reason."""

    invoices: list[PlannedInvoice] = field(default_factory=list)
    held: dict[UUID, Held] = field(default_factory=dict)


def plan(
    charges: Iterable[Charge],
    *,
    period: Period,
    retail: RetailPrice,
    decide_tax: DecideTax,
    limits: Limits,
) -> Plan:
    """Plan the invoices of one account for all its charges that ended before the period's end."""
    due = sorted(
        (charge for charge in charges if not period.is_over_on(charge.supplied.local_date)),
        key=lambda charge: (charge.supplied.ended_at, charge.chargeable.identity),
    )
    made = Plan()
    lines = _lines(due, retail, decide_tax, limits, made)
    by_partition: dict[Partition, list[PlannedLine]] = {}
    for line in lines:
        key = partition_of(currency=line.price.currency, tax=line.tax)
        by_partition.setdefault(key, []).append(line)
    for partition, members in sorted(by_partition.items()):
        _add_invoice(made, partition, members, limits)
    return made


def _lines(
    due: Sequence[Charge],
    retail: RetailPrice,
    decide_tax: DecideTax,
    limits: Limits,
    made: Plan,
) -> list[PlannedLine]:
    prices = price_all((charge.chargeable for charge in due), retail=retail)
    lines: dict[UUID, PlannedLine] = {}
    for charge in due:
        price = prices[charge.id]
        if isinstance(price, Held):
            made.held[charge.id] = price
            continue
        try:
            limits.check_line(price.amount, price.currency)
            lines[charge.id] = PlannedLine(charge, price, decide_tax(charge.supplied))
        except Held as held:
            made.held[charge.id] = held
    _hold_parted_credits(due, lines, made)
    return list(lines.values())


def _hold_parted_credits(due: Sequence[Charge], lines: dict[UUID, PlannedLine], made: Plan) -> None:
    """A credit stays with what it takes back: on the same invoice, or both are held."""
    by_identity = {charge.chargeable.identity: charge.id for charge in due}
    for charge in due:
        takes_back = charge.chargeable.takes_back if charge.chargeable.is_credit else None
        original = by_identity.get(takes_back) if takes_back else None
        if original is None or _same_partition(lines.get(charge.id), lines.get(original)):
            continue
        for member in (charge.id, original):
            if lines.pop(member, None):
                made.held[member] = Held(
                    "CREDIT_PARTED", "A credit and the charge it takes back can't be billed on "
                    "one invoice yet: one of them is held, or their VAT differs.",
                )  # fmt: skip


def _same_partition(one: PlannedLine | None, other: PlannedLine | None) -> bool:
    if one is None or other is None:
        return one is other
    return partition_of(currency=one.price.currency, tax=one.tax) == partition_of(
        currency=other.price.currency, tax=other.tax
    )


def _add_invoice(
    made: Plan, partition: Partition, lines: list[PlannedLine], limits: Limits
) -> None:
    totals = total_up(lines, currency=partition.currency)
    try:
        limits.check_invoice(totals.net, partition.currency)
    except Held as held:
        made.held.update(dict.fromkeys((line.charge.id for line in lines), held))
        return
    made.invoices.append(PlannedInvoice(partition, tuple(lines), totals))
