"""What a CDR costs by its tariff, and why (OCPI mod_tariffs and mod_cdrs, 2.1.1 to 2.3.0).

The way of a price: read the CDR (`ocpi.cdrs`), choose the tariff of each period (`choosing`), find
the component of each volume (`metering`, `restrictions`), round volumes to steps (`step_size`),
sum up and bound (`totals`, `limits`), compare with what was sent (`comparison`). Everything here is
pure: the same message and tariff give the same price for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from apps.tariffs.amounts import (
    FREE,
    negate_price,
    round_price,
    subtract_prices,
)
from apps.tariffs.choosing import Plan, agree_currency, choose_tariffs
from apps.tariffs.comparison import (
    Variant,
    explain_difference,
    explain_parts,
)
from apps.tariffs.hub_remarks import is_cost_by_hub, is_cost_insignificant
from apps.tariffs.metering import meter
from apps.tariffs.notes import Note
from apps.tariffs.ocpi.cdrs import CdrTooLarge, read_cdr
from apps.tariffs.ocpi.tariffs import check_version, prepare_tariff
from apps.tariffs.priced import Line, PricedCdr, make_priced, sum_parts
from apps.tariffs.session import FLAT, Price, SessionRecord
from apps.tariffs.step_size import EACH, LAST, TOGETHER, UNSTEPPED, apply_step_sizes
from apps.tariffs.tariff import PreparedTariff
from apps.tariffs.time_zones import UTC, find_zone
from apps.tariffs.totals import Totals, sum_up

Prepare = Callable[[object, str], PreparedTariff]


# Each takes about a microsecond, and is made again for each rule that an operator may leave out.
MOST_CHECKS = 1_000_000


class Rules(NamedTuple):
    """Which rules to apply; all but the defaults are there to find out what an operator did."""

    energy_steps: bool = True
    time_steps: str = LAST
    limits: bool = True
    flat: bool = True


ALL_RULES = Rules()


def prepare_plainly(raw: object, version: str) -> PreparedTariff:
    """Prepares a tariff anew each time."""
    return prepare_tariff(raw, version=version)


def price_cdr(
    raw: Mapping[str, Any],
    *,
    version: str,
    tariffs: Sequence[PreparedTariff] = (),
    time_zone: str | None = None,
    prepare: Prepare = prepare_plainly,
) -> PricedCdr:
    """Prices an OCPI CDR by the tariffs it carries, else by those given beside it.

    `time_zone` is the station's, when it is known better than by its country; `prepare` may come
    from a cache. Raises DomainErrors with codes: UNREADABLE_FIELD, UNKNOWN_TARIFF,
    CURRENCY_MISMATCH, UNKNOWN_TIME_ZONE, UNKNOWN_OCPI_VERSION, CDR_TOO_LARGE, TARIFF_TOO_LARGE.
    """
    check_version(version)
    record = read_cdr(raw, version=version)
    carried = raw.get("tariffs")
    if carried:
        if not isinstance(carried, list):
            carried = [carried]
        tariffs = [prepare(tariff, version) for tariff in carried]
    return price_session(record, tariffs, time_zone=time_zone)


def price_session(
    record: SessionRecord, tariffs: Sequence[PreparedTariff], *, time_zone: str | None = None
) -> PricedCdr:
    """Prices a session that is read already. Raises as `price_cdr`."""
    zone, zone_note = find_zone(time_zone or "", record.time_zone, record.country, record.postcode)
    notes: list[Note] = []
    plan = choose_tariffs(record, tariffs, zone, notes)
    _check_size(record, plan)
    currency = agree_currency(record, plan, notes)
    is_told = zone_note.code == "ZONE_TOLD"
    for tariff in plan.used:
        notes += tariff.notes
        is_told = is_told and not tariff.needs_local_time
    if not is_told:
        notes.append(zone_note)
    notes += record.notes
    sums = calculate(record, plan, zone, notes)
    ours = round_price(sums.total)
    if record.version == "2.1.1":
        ours = Price(ours.excl_vat, None)
    if record.is_credit:
        ours = _credit(ours, notes)
    difference, differences = _compare(record, plan, zone, ours, sums.lines, notes)
    return make_priced(
        (record.id, currency, ours, tuple(sums.lines), tuple(notes), record.sent_total,
         difference, differences, str(zone))
    )  # fmt: skip


def _check_size(record: SessionRecord, plan: Plan) -> None:
    """Each period may have to look at each price whose restrictions don't hold."""
    prices = 0
    for tariff in plan.used:
        if tariff.unconditional is None:
            prices += len(tariff.components)
    if prices * len(record.periods) > MOST_CHECKS:
        raise CdrTooLarge(
            f"{len(record.periods)} charging periods are too many for tariffs of {prices} prices "
            f"with restrictions; together they may be {MOST_CHECKS}."
        )


def calculate(
    record: SessionRecord,
    plan: Plan,
    zone: tzinfo,
    notes: list[Note],
    rules: Rules = ALL_RULES,
) -> Totals:
    """The exact price of a session by the tariffs of its plan."""
    lines = meter(record, plan, zone, notes)
    if not rules.flat:
        lines = [line for line in lines if line.dimension != FLAT]
    apply_step_sizes(lines, plan.used, notes, energy=rules.energy_steps, time=rules.time_steps)
    return sum_up(lines, plan.used, notes, limited=rules.limits)


def _credit(price: Price, notes: list[Note]) -> Price:
    """mod_cdrs, Credit CDRs: the total is the negative one of the original CDR."""
    text = "This is a credit CDR: its total is the negative price of the session, unlike its parts."
    notes.append(Note("CREDIT", text))
    return negate_price(price)


def _compare(
    record: SessionRecord,
    plan: Plan,
    zone: tzinfo,
    ours: Price,
    lines: list[Line],
    notes: list[Note],
) -> tuple[Price | None, dict[str, Price]]:
    """The sent amounts less ours, and the notes that explain them."""
    sent = record.sent_total
    remark = record.remark
    if remark and is_cost_by_hub(remark):
        text = "The remark starts with [*]: the sent total was computed by the hub."
        notes.append(Note("SENT_BY_HUB", text))
    if remark and is_cost_insignificant(remark):
        text = "The remark starts with [?]: the sent total is not significant."
        notes.append(Note("SENT_NOT_SIGNIFICANT", text))
        return None, {}
    if sent is None:
        notes.append(Note("SENT_MISSING", "The CDR has no total_cost to compare with."))
        return None, {}
    differences = _compare_parts(record.sent_parts, lines) if record.sent_parts else {}
    notes += explain_difference(
        sent, ours, record.sent_parts, lambda: _variants(record, plan, zone)
    )
    notes += explain_parts(differences)
    return subtract_prices(sent, ours), differences


def _compare_parts(sent: dict[str, Price], lines: list[Line]) -> dict[str, Price]:
    ours = sum_parts(lines)
    return {name: subtract_prices(price, ours[name] or FREE) for name, price in sent.items()}


def _variants(record: SessionRecord, plan: Plan, zone: tzinfo) -> list[Variant]:
    """What operators are known to leave out, most likely first."""

    def total(rules: Rules, in_zone: tzinfo = zone) -> Callable[[], Price]:
        def compute() -> Price:
            price = calculate(record, plan, in_zone, [], rules).total
            return negate_price(price) if record.is_credit else price

        return compute

    return [
        Variant(
            "SENT_WITHOUT_LIMIT",
            "min_price or max_price is not applied in the sent total.",
            total(Rules(limits=False)),
        ),
        Variant(
            "SENT_WITHOUT_ENERGY_STEP",
            "The step size is not applied to energy in the sent total.",
            total(Rules(energy_steps=False)),
        ),
        Variant(
            "SENT_WITHOUT_TIME_STEP",
            "The step size is not applied to time in the sent total.",
            total(Rules(time_steps=UNSTEPPED)),
        ),
        Variant(
            "SENT_WITHOUT_STEPS",
            "No step size is applied in the sent total.",
            total(Rules(energy_steps=False, time_steps=UNSTEPPED)),
        ),
        Variant(
            "SENT_STEP_FOR_EACH",
            "The step sizes of charging and parking are both applied in the sent total.",
            total(Rules(time_steps=EACH)),
        ),
        Variant(
            "SENT_STEP_FOR_DURATION",
            "The step size is applied to charging and parking together in the sent total.",
            total(Rules(time_steps=TOGETHER)),
        ),
        Variant(
            "SENT_WITHOUT_FLAT",
            "The flat fee is left out of the sent total.",
            total(Rules(flat=False)),
        ),
        Variant(
            "SENT_IN_UTC",
            "The sent total takes the tariff's times as UTC, not as local time.",
            total(ALL_RULES, UTC),
        ),
    ]
