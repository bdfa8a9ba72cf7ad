"""Which tariff prices which charging period (mod_cdrs, ChargingPeriod and CDR.tariffs)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from apps.core.errors import InvalidInput
from apps.tariffs.notes import Note
from apps.tariffs.restrictions import Moment
from apps.tariffs.session import SessionRecord
from apps.tariffs.tariff import PreparedTariff

ZERO = Decimal(0)
AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
FOR_ALL = ("", "REGULAR")
ByPeriod = list[PreparedTariff | None]


class Plan(NamedTuple):
    """The tariff of each period, and the tariffs among them in the order of their use."""

    by_period: ByPeriod
    used: list[PreparedTariff]


NO_TARIFF = Note(
    "NO_TARIFF",
    "The CDR carries no tariff and none was given: nothing could be priced, the total is zero.",
)
SOME_PERIODS_WITHOUT = Note(
    "PERIOD_WITHOUT_TARIFF",
    "Some charging periods name no tariff while others do: no tariff is relevant in them, "
    "they are free (mod_cdrs, ChargingPeriod.tariff_id).",
)


class UnknownTariff(InvalidInput):
    """A charging period refers to a tariff that neither the CDR nor the caller gave."""

    code = "UNKNOWN_TARIFF"


class CurrencyMismatch(InvalidInput):
    """CDR and tariff are in different currencies, or none is named."""

    code = "CURRENCY_MISMATCH"


def choose_tariffs(
    record: SessionRecord, tariffs: Sequence[PreparedTariff], zone: tzinfo, notes: list[Note]
) -> Plan:
    """The tariff of each charging period, None where none is relevant. Raises UnknownTariff.

    By `tariff_id` where periods carry it (2.2 and newer; mod_cdrs, ChargingPeriod); else one tariff
    for the whole session.
    """
    if not tariffs:
        notes.append(NO_TARIFF)
        return Plan([None] * len(record.periods), [])
    if len(tariffs) == 1:
        tariff = tariffs[0]
        by_period = _plan_of_one(record, tariff, notes)
        used = [tariff] if tariff in by_period else []
    elif any(period.tariff_id for period in record.periods):
        by_period = _plan_by_id(record, tariffs, notes)
        used = [tariff for tariff in dict.fromkeys(by_period) if tariff is not None]
    else:
        tariff = _choose_for_session(record, tariffs, zone, notes)
        by_period, used = [tariff] * len(record.periods), [tariff]
    for tariff in used:
        if not tariff.is_always_valid:
            _note_validity(record, tariff, zone, notes)
    return Plan(by_period, used)


def _plan_of_one(record: SessionRecord, tariff: PreparedTariff, notes: list[Note]) -> ByPeriod:
    for period in record.periods:
        if period.tariff_id != tariff.id:
            break
    else:
        return [tariff] * len(record.periods)
    named = [period.tariff_id for period in record.periods]
    if not any(named):
        return [tariff] * len(named)
    for name in named:
        if name and name != tariff.id and name.upper() != tariff.id.upper():
            text = f"A charging period names tariff {name}; {tariff.id or 'the only one'} was used."
            notes.append(Note("TARIFF_ID_DIFFERS", text))
            break
    if not all(named):
        notes.append(SOME_PERIODS_WITHOUT)
    return [tariff if name else None for name in named]


def _plan_by_id(
    record: SessionRecord, tariffs: Sequence[PreparedTariff], notes: list[Note]
) -> ByPeriod:
    by_id: dict[str, PreparedTariff] = {}
    for tariff in sorted(tariffs, key=lambda each: not _is_valid(each, record.start)):
        by_id.setdefault(tariff.id.upper(), tariff)
    plan: ByPeriod = []
    for period in record.periods:
        if period.tariff_id and period.tariff_id.upper() not in by_id:
            raise UnknownTariff(
                f"Charging period {period.number} refers to tariff {period.tariff_id[:60]!r}, "
                "which was not sent."
            )
        plan.append(by_id.get(period.tariff_id.upper()) if period.tariff_id else None)
    if None in plan:
        notes.append(SOME_PERIODS_WITHOUT)
    return plan


def _choose_for_session(
    record: SessionRecord, tariffs: Sequence[PreparedTariff], zone: tzinfo, notes: list[Note]
) -> PreparedTariff:
    """One of several tariffs when no period names one: "the tariff containing a restriction has
    priority" (GIREVE_Tech_OCPI_V2.1.1, Tariffs.restriction), then the first valid one.

    One for ad-hoc payment comes last, for no CDR is sent of that (mod_tariffs, ad-hoc example); one
    for a charging preference, which a CDR doesn't tell, behind those for all (TariffType).
    """

    def rank(tariff: PreparedTariff) -> tuple[bool, bool, bool, bool]:
        return (
            tariff.kind == AD_HOC_PAYMENT,
            not (tariff.start_checks and _start_holds(record, tariff, zone)),
            not (_is_valid(tariff, record.start) and _start_holds(record, tariff, zone)),
            tariff.kind not in FOR_ALL,
        )

    chosen = min(tariffs, key=rank)
    text = f"{len(tariffs)} tariffs and no period names one: {chosen.id or 'the first'} was used."
    notes.append(Note("TARIFF_CHOSEN", text))
    return chosen


def _is_valid(tariff: PreparedTariff, at: datetime) -> bool:
    """Judged at the start of the session, whose tariff the driver accepted (mod_tariffs, Tariff,
    note on start_date_time and end_date_time)."""
    if tariff.valid_from is not None and at < tariff.valid_from:
        return False
    return tariff.valid_until is None or at < tariff.valid_until


def _start_holds(record: SessionRecord, tariff: PreparedTariff, zone: tzinfo) -> bool:
    """Whether the hub's restrictions on the start of the session hold."""
    if not tariff.start_checks:
        return True
    start = record.periods[0]._replace(start=record.start)
    at = Moment(start, ZERO, record.start, zone)
    return any(all(check(at) for check in checks) for checks in tariff.start_checks)


def _note_validity(
    record: SessionRecord, tariff: PreparedTariff, zone: tzinfo, notes: list[Note]
) -> None:
    if not _is_valid(tariff, record.start):
        text = f"Tariff {tariff.id} is not valid at the start of the session; it was used as sent."
        notes.append(Note("TARIFF_NOT_VALID", text))
    if not _start_holds(record, tariff, zone):
        text = f"Tariff {tariff.id} is for sessions that start at other times; it was used as sent."
        notes.append(Note("TARIFF_FOR_OTHER_TIMES", text))


def agree_currency(record: SessionRecord, plan: Plan, notes: list[Note]) -> str:
    """The currency of CDR and tariffs (mod_cdrs, CDR.currency; mod_tariffs, Tariff.currency).

    Raises CurrencyMismatch.
    """
    currency = record.currency
    for tariff in plan.used:
        if not tariff.currency or tariff.currency == currency:
            continue
        if currency:
            raise CurrencyMismatch(
                f"The CDR is in {currency[:8]}, its tariff {tariff.id} in {tariff.currency[:8]}."
            )
        currency = tariff.currency
        notes.append(Note("CURRENCY_OF_TARIFF", f"The CDR names no currency: {currency[:8]}."))
    if not currency:
        raise CurrencyMismatch("Neither the CDR nor its tariff names a currency.")
    return currency
