"""CDRs are priced and judged as they come in, and priced again when staff ask."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Upper

from apps.audit.context import Actor
from apps.cdrs.arrivals import objections
from apps.cdrs.holds import HoldReason
from apps.cdrs.models import CDR, ReviewRule
from apps.cdrs.price_check import price_purchase, price_retail
from apps.cdrs.review import Judged, Terms, review
from apps.cdrs.services.building import set_hold
from apps.cdrs.services.reviewing import accept_stored_cdrs, reject_cdr
from apps.core.errors import DomainError
from apps.locations.models import Connector
from apps.tariffs.hub_remarks import is_cost_by_hub, is_cost_insignificant
from apps.tariffs.ocpi.cdrs import NOT_AVAILABLE, UNKNOWN_TIME
from apps.tariffs.priced import PricedCdr
from apps.tariffs.services import TariffBook

_TERMS: Final = tuple(part.name for part in fields(Terms))


@dataclass(frozen=True, slots=True)
class Prices:
    """Our prices of a CDR; where there is none, the reason in words."""

    purchase: PricedCdr | None = None
    retail: PricedCdr | None = None
    problem: str = ""
    retail_problem: str = ""

    @property
    def computed(self) -> Decimal | None:
        """What we owe by the tariff, excluding VAT; None when no tariff says."""
        if self.purchase is None or "NO_TARIFF" in self.purchase.codes:
            return None
        return self.purchase.total.excl_vat


@dataclass(slots=True)
class Reviewer:
    """The rules and tariffs for a batch of CDRs, loaded once; at most five queries."""

    cdrs: Sequence[CDR]
    book: TariffBook = field(init=False)
    rules: dict[tuple[UUID | None, UUID | None], ReviewRule] = field(init=False)

    def __post_init__(self) -> None:
        self.book = book_for(self.cdrs)
        self.rules = {(rule.provider_id, rule.operator_id): rule for rule in _rules()}

    def rule_of(self, cdr: CDR) -> ReviewRule | None:
        """The most particular rule; None when there is none for it."""
        keys = [(cdr.provider_id, cdr.operator_id), (cdr.provider_id, None),
                (None, cdr.operator_id), (None, None)]  # fmt: skip
        return next((self.rules[key] for key in keys if key in self.rules), None)


def book_for(cdrs: Iterable[CDR]) -> TariffBook:
    """The tariffs that CDRs don't carry themselves: of their operators and providers."""
    return TariffBook(
        operators={cdr.operator_id for cdr in cdrs if cdr.operator_id and not cdr.tariffs},
        providers={cdr.provider_id for cdr in cdrs if cdr.provider_id},
    )


def price_cdr(cdr: CDR, book: TariffBook) -> Prices:
    """Our prices of one CDR; what can't be priced is told, not raised."""
    purchase = retail = None
    problem = retail_problem = ""
    try:
        purchase = price_purchase(cdr, book)
        if "NO_TARIFF" in purchase.codes:
            problem = "No tariff is known for it."
    except DomainError as error:
        problem = error.message
    try:
        retail = price_retail(cdr, book)
    except DomainError as error:
        retail_problem = error.message
    return Prices(purchase, retail, problem, retail_problem)


def set_prices(cdr: CDR, prices: Prices) -> None:
    """Puts our prices beside the cost as sent; a retail price in another currency has no column."""
    for name, price in our_prices(cdr, prices).items():
        setattr(cdr, name, price)


def our_prices(cdr: CDR, prices: Prices) -> dict[str, Decimal | None]:
    """The values of the columns that hold what we computed."""
    retail = prices.retail
    fits = retail is not None and retail.currency == cdr.currency
    return {
        "computed_cost_excl_vat": prices.computed,
        "retail_cost_excl_vat": retail.total.excl_vat if retail and fits else None,
    }


def margin_of(cdr: CDR, prices: Prices) -> Decimal | None:
    """What the driver pays less what we pay the operator (reviewed, else computed, else as sent),
    excluding VAT; None where either isn't known or the currencies differ."""
    return _margin(cdr, **our_prices(cdr, prices))


def kept_margin_of(cdr: CDR) -> Decimal | None:
    """The same from the prices that were kept when the CDR came in or was priced again."""
    return _margin(cdr, cdr.computed_cost_excl_vat, cdr.retail_cost_excl_vat)


def _margin(
    cdr: CDR, computed_cost_excl_vat: Decimal | None, retail_cost_excl_vat: Decimal | None
) -> Decimal | None:
    paid = cdr.reviewed_cost_excl_vat
    if paid is None:
        paid = computed_cost_excl_vat
    if paid is None:
        paid = cdr.total_cost_excl_vat
    return None if retail_cost_excl_vat is None or paid is None else retail_cost_excl_vat - paid


def hear_objections(cdrs: Sequence[CDR]) -> None:
    """New CDRs get the reasons that upper floors know; then no rule accepts them by itself."""
    said = objections(cdrs)
    for cdr in cdrs:
        if cdr.pk in said:
            _add_reasons(cdr, said[cdr.pk])


def price_and_judge(cdrs: Sequence[CDR]) -> dict[UUID, ReviewRule]:
    """New CDRs, not saved yet, get their prices and reasons; returns the rule of each that is
    decided by its rule alone."""
    reviewer = Reviewer(cdrs)
    overlaps = _overlaps([cdr for cdr in cdrs if _asks(reviewer, cdr, "refuses_overlap")])
    powers = _powers([cdr for cdr in cdrs if _asks(reviewer, cdr, "power_tolerance_percent")])
    decided = {}
    for cdr in cdrs:
        prices = price_cdr(cdr, reviewer.book)
        set_prices(cdr, prices)
        rule = reviewer.rule_of(cdr)
        if rule is None:
            continue
        reasons = review(
            _judged(cdr, prices, overlaps.get(cdr.pk, ()), powers.get(_connector(cdr))),
            Terms(**{name: getattr(rule, name) for name in _TERMS}),
        )
        if _decide(cdr, rule, reasons):
            decided[cdr.pk] = rule
    return decided


def _asks(reviewer: Reviewer, cdr: CDR, name: str) -> bool:
    rule = reviewer.rule_of(cdr)
    return rule is not None and bool(getattr(rule, name) not in (None, False))


def _decide(cdr: CDR, rule: ReviewRule, reasons: list[HoldReason]) -> bool:
    """Adds the reasons to the CDR's own; whether the rule accepts or rejects it by itself."""
    had = cdr.is_held
    _add_reasons(cdr, reasons)
    if reasons:
        return rule.when_odd == ReviewRule.WhenOdd.REJECT
    return not had and rule.when_clean == ReviewRule.WhenClean.ACCEPT


def _add_reasons(cdr: CDR, reasons: Sequence[HoldReason]) -> None:
    had = [HoldReason(each["code"], each["message"]) for each in cdr.hold_reasons]
    set_hold(cdr, [*had, *reasons])


def carry_out(
    cdrs: Sequence[CDR], decided: dict[UUID, ReviewRule], *, now: datetime, actor: Actor | None
) -> None:
    """Accepts and rejects what the rules decided, after the CDRs were stored."""
    chosen = [cdr for cdr in cdrs if cdr.pk in decided]
    clean = [cdr for cdr in chosen if not cdr.is_held]
    if clean:
        accept_stored_cdrs(cdrs=clean, reason="clean by its review rule", now=now, actor=actor)
    for cdr in chosen:
        if cdr.is_held:
            reason = " ".join(each["message"] for each in cdr.hold_reasons)
            reject_cdr(cdr=cdr, reason=reason, now=now, actor=actor)


def _rules() -> Iterable[ReviewRule]:
    return ReviewRule.objects.all()


def _judged(cdr: CDR, prices: Prices, overlaps: tuple[str, ...], watts: int | None) -> Judged:
    return Judged(
        started_at=cdr.started_at,
        ended_at=cdr.ended_at,
        kwh=cdr.kwh,
        currency=cdr.currency,
        cost=None if is_cost_insignificant(cdr.remark) else cdr.total_cost_excl_vat,
        cost_by_hub=is_cost_by_hub(cdr.remark),
        price=prices.computed,
        price_missing=prices.problem,
        is_credit=cdr.is_credit,
        power_type=cdr.power_type,
        connector_kw=None if watts is None else Decimal(watts) / 1000,
        overlaps=overlaps,
    )


def _connector(cdr: CDR) -> tuple[Any, str, str]:
    return cdr.location_id, cdr.evse_id.upper() or cdr.evse_uid.upper(), cdr.connector_id.upper()


def _powers(cdrs: Sequence[CDR]) -> dict[tuple[Any, str, str], int]:
    """What the connectors can give, in watts, by location, EVSE and connector; one query."""
    locations = {cdr.location_id for cdr in cdrs if cdr.location_id}
    if not locations:
        return {}
    found = Connector.objects.filter(
        evse__location__in=locations, max_power_watt__gt=0
    ).values_list("evse__location_id", "evse__evse_id", "evse__uid", "connector_id",
                  "max_power_watt")  # fmt: skip
    powers: dict[tuple[Any, str, str], int] = {}
    for location, evse_id, uid, connector, watts in found:
        for name in (evse_id, uid):
            powers[(location, name.upper(), connector.upper())] = watts or 0
    return powers


def _overlaps(cdrs: Sequence[CDR]) -> dict[Any, tuple[str, ...]]:
    """The CDRs at the same time at the same EVSE or by the same token; one query."""
    wanted = [cdr for cdr in cdrs if _marks(cdr) and not cdr.is_credit]
    if not wanted:
        return {}
    others = (
        CDR.objects.live()
        .exclude(status=CDR.Status.REJECTED)
        .filter(
            is_credit=False,
            started_at__gt=UNKNOWN_TIME,
            started_at__lt=max(cdr.ended_at for cdr in wanted),
            ended_at__gt=min(cdr.started_at for cdr in wanted),
            ended_at__gte=F("started_at"),
        )
        .annotate(evse=Upper("evse_id"))
        .filter(
            Q(evse__in={_evse(cdr) for cdr in wanted if _evse(cdr)})
            | Q(token__in={cdr.token_id for cdr in wanted if cdr.token_id})
        )
        .only("cdr_id", "country_code", "party_id", "evse_id", "token", "started_at", "ended_at")
    )
    neighbours: dict[Any, dict[Any, CDR]] = defaultdict(dict)
    for cdr in [*others, *wanted]:
        for mark in _marks(cdr):
            neighbours[mark][cdr.pk] = cdr
    return {
        cdr.pk: tuple(
            str(other)
            for other in {
                k: v for mark in _marks(cdr) for k, v in neighbours[mark].items()
            }.values()
            if other.pk != cdr.pk
            and other.started_at < cdr.ended_at
            and cdr.started_at < other.ended_at
        )
        for cdr in wanted
    }


def _marks(cdr: CDR) -> list[Any]:
    """What only one car can use at a time: the EVSE, the token. None while its start is unknown."""
    if cdr.started_at == UNKNOWN_TIME:
        return []
    return [mark for mark in (_evse(cdr), cdr.token_id) if mark]


def _evse(cdr: CDR) -> str:
    """Empty for a reservation that nobody came to use: it has none (mod_cdrs, CdrLocation)."""
    evse = cdr.evse_id.upper()
    return "" if evse == NOT_AVAILABLE else evse
