"""Changing VAT rates so that their periods neither overlap nor leave a gap."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.audit.services import record
from apps.core.errors import InvalidInput
from apps.vat.models import VatRate
from apps.vat.rates import RateBook, RateKind


class RatePeriodFault(InvalidInput):
    """The periods of a territory's rates would overlap or leave a gap."""

    code = "VAT_RATE_PERIOD"


def load_rate_book() -> RateBook:
    """All rates of the table, for as many decisions as the caller makes; one query."""
    return RateBook(row.as_rate() for row in VatRate.objects.all())


def change_rate(
    *,
    territory: str,
    kind: RateKind,
    rate: Decimal,
    valid_from: date,
    source: str,
    note: str = "",
    actor: Actor,
    reason: str,
) -> VatRate:
    """From that day on the territory has this rate; the period before ends on it.

    Also begins the rates of a new territory. Raises RatePeriodFault.
    """
    with transaction.atomic():
        last = _lock_series(territory, kind).last()
        if last is not None:
            _end(last, valid_from, actor=actor, reason=reason)
        row = VatRate(
            territory=territory, kind=kind, rate=rate, valid_from=valid_from,
            source=source, note=note,
        )  # fmt: skip
        row.save(audit_change=change_of("set VAT rate", reason=reason, actor=actor))
        _require_sound(territory)
    return row


def correct_rate(
    *, rate_row: VatRate, rate: Decimal, source: str, note: str, actor: Actor, reason: str
) -> VatRate:
    """Mend what was entered wrongly; decisions already made keep what they rested on."""
    with transaction.atomic():
        row = VatRate.objects.select_for_update().get(pk=rate_row.pk)
        row.rate, row.source, row.note = rate, source, note
        record("corrected VAT rate", row, reason=reason, actor=actor)
    return row


def end_charging_rate(*, territory: str, valid_to: date, actor: Actor, reason: str) -> VatRate:
    """From that day on charging is taxed at the territory's standard rate again.

    Standard rates don't end, they change: an end would leave a gap. Raises RatePeriodFault.
    """
    with transaction.atomic():
        last = _lock_series(territory, RateKind.EV_CHARGING).last()
        if last is None:
            raise RatePeriodFault(f"{territory} has no rate for charging.")
        _end(last, valid_to, actor=actor, reason=reason)
    return last


def _lock_series(territory: str, kind: RateKind) -> QuerySet[VatRate]:
    rows: QuerySet[VatRate] = VatRate.objects.filter(territory=territory, kind=kind)
    return rows.select_for_update().order_by("valid_from")


def _end(row: VatRate, valid_to: date, *, actor: Actor, reason: str) -> None:
    if row.valid_to == valid_to:
        return
    if valid_to <= row.valid_from:
        raise RatePeriodFault(
            f"{row.territory} has a rate from {row.valid_from} on already; a new one has to begin "
            f"after that day, or that one be corrected."
        )
    if row.valid_to is not None and row.valid_to < valid_to:
        days = (valid_to - row.valid_to) // timedelta(days=1)
        raise RatePeriodFault(
            f"The last rate of {row.territory} ends on {row.valid_to}: {days} days without a rate "
            f"would follow. The new one has to begin on {row.valid_to}."
        )
    row.valid_to = valid_to
    record("ended VAT rate", row, reason=reason, actor=actor)


def _require_sound(territory: str) -> None:
    """The last word, whatever the steps above did."""
    book = RateBook(row.as_rate() for row in VatRate.objects.filter(territory=territory))
    faults = book.faults()
    if faults:
        raise RatePeriodFault("; ".join(str(fault) for fault in faults))
