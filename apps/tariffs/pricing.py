"""What a CDR costs by its tariff, and why (OCPI mod_tariffs and mod_cdrs, 2.1.1 to 2.3.0).

The way of a price: read the CDR (`ocpi.cdrs`), choose the tariff of each period (`choosing`), find
the component of each volume (`metering`, `restrictions`), round volumes to steps (`step_size`),
sum up and bound (`totals`, `limits`), compare with what was sent (`comparison`). Everything here is
pure: the same message and tariff give the same price for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from apps.tariffs.choosing import Plan, agree_currency, choose_tariffs
from apps.tariffs.comparison import (
    Variant,
    explain_difference,
    explain_parts,
    subtract_prices,
)
from apps.tariffs.metering import Charge, meter
from apps.tariffs.notes import Note
from apps.tariffs.ocpi.cdrs import read_cdr
from apps.tariffs.ocpi.tariffs import check_version, prepare_tariff
from apps.tariffs.priced import PricedCdr, round_amount
from apps.tariffs.session import FLAT, Price, SessionRecord
from apps.tariffs.step_size import apply_step_sizes
from apps.tariffs.tariff import PreparedTariff
from apps.tariffs.time_zones import UTC, find_zone
from apps.tariffs.totals import Totals, price_charges, sum_up

Prepare = Callable[[object, str], PreparedTariff]


class Rules(NamedTuple):
    """Which rules to apply; the others exist to find out what an operator left out."""

    energy_steps: bool = True
    time_steps: bool = True
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
    zone, zone_code, zone_text = find_zone(
        time_zone or "", record.time_zone, record.country, record.postcode
    )
    notes: list[Note] = []
    plan = choose_tariffs(record, tariffs, zone, notes)
    currency = agree_currency(record, plan, notes)
    used = list(dict.fromkeys(tariff for tariff in plan if tariff is not None))
    for tariff in used:
        notes.extend(tariff.notes)
    if zone_code != "ZONE_TOLD" or any(tariff.needs_local_time for tariff in used):
        notes.append(Note(zone_code, zone_text))
    notes.extend(record.notes)
    sums = calculate(record, plan, zone, notes)
    ours = _rounded(sums.total)
    parts = {name: price and _rounded(price) for name, price in sums.parts.items()}
    if record.is_credit:
        ours = _negative(ours, notes)
    difference, differences = _compare(record, plan, zone, ours, parts, notes)
    return PricedCdr(
        record.id, currency, ours, parts, tuple(sums.lines), tuple(notes), record.sent_total,
        difference, differences, str(zone),
    )  # fmt: skip


def calculate(
    record: SessionRecord,
    plan: Plan,
    zone: tzinfo,
    notes: list[Note],
    rules: Rules = ALL_RULES,
) -> Totals:
    """The exact price of a session by the tariffs of its plan."""
    charges = meter(record, plan, zone, notes)
    if not rules.flat:
        charges = [charge for charge in charges if charge.dimension != FLAT]
    apply_step_sizes(charges, notes, energy=rules.energy_steps, time=rules.time_steps)
    return _sum(charges, plan, record.version, notes, rules)


def _sum(
    charges: list[Charge], plan: Plan, version: str, notes: list[Note], rules: Rules
) -> Totals:
    """2.1.1 says nothing about VAT: there the side including it isn't known."""
    gross_known = version != "2.1.1"
    price_charges(charges, gross_known=gross_known)
    used = list(dict.fromkeys(tariff for tariff in plan if tariff is not None))
    return sum_up(charges, used, notes, gross_known=gross_known, limited=rules.limits)


def _rounded(price: Price) -> Price:
    excl, incl = price
    net = None if excl is None else round_amount(excl)
    if incl is excl:
        return Price(net, net)
    return Price(net, None if incl is None else round_amount(incl))


def _negative(price: Price, notes: list[Note]) -> Price:
    """mod_cdrs, Credit CDRs: the total is the negative one of the original CDR."""
    text = "This is a credit CDR: its total is the negative price of the session, unlike its parts."
    notes.append(Note("CREDIT", text))
    return Price(*(None if side is None else -side for side in price))


def _compare(
    record: SessionRecord,
    plan: Plan,
    zone: tzinfo,
    ours: Price,
    parts: dict[str, Price | None],
    notes: list[Note],
) -> tuple[Price | None, dict[str, Price]]:
    """The sent amounts less ours, and the notes that explain them.

    The Gireve hub marks a remark with [*] when it computed the cost and with [?] when the cost
    is not significant (GIREVE_Tech_OCPI_V2.1.1, emsp_cdrs).
    """
    sent = record.sent_total
    if record.remark.startswith("[*]"):
        text = "The remark starts with [*]: the sent total was computed by the hub."
        notes.append(Note("SENT_BY_HUB", text))
    if record.remark.startswith("[?]"):
        text = "The remark starts with [?]: the sent total is not significant."
        notes.append(Note("SENT_NOT_SIGNIFICANT", text))
        return None, {}
    if sent is None:
        notes.append(Note("SENT_MISSING", "The CDR has no total_cost to compare with."))
        return None, {}
    differences = {
        name: subtract_prices(price, parts[name] or Price(*_zeros(price)))
        for name, price in record.sent_parts.items()
    }
    variants = _variants(record, plan, zone)
    notes.extend(explain_difference(sent, ours, record.sent_parts, variants))
    notes.extend(explain_parts(differences))
    return subtract_prices(sent, ours), differences


def _zeros(price: Price) -> list[Any]:
    return [None if side is None else side - side for side in price]


def _variants(record: SessionRecord, plan: Plan, zone: tzinfo) -> list[Variant]:
    """What operators are known to leave out, most likely first."""

    def total(rules: Rules, in_zone: tzinfo = zone) -> Callable[[], Price]:
        return lambda: _signed(calculate(record, plan, in_zone, [], rules).total, record)

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
            total(Rules(time_steps=False)),
        ),
        Variant(
            "SENT_WITHOUT_STEPS",
            "No step size is applied in the sent total.",
            total(Rules(energy_steps=False, time_steps=False)),
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


def _signed(price: Price, record: SessionRecord) -> Price:
    if not record.is_credit:
        return price
    return Price(*(None if side is None else -side for side in price))
