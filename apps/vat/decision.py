"""Facts in, decision out: which VAT applies to a supply, or why a person has to look at it.

Pure: the rules come from the tables beside this module (docs/vat.md lists them), the rates from
the book that is passed in. The same facts and rates give the same decision.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from apps.vat import notes
from apps.vat.case import Case, prepare
from apps.vat.charging_rules import CHARGING_RULES
from apps.vat.facts import Document, Facts, Supply
from apps.vat.outcomes import hold
from apps.vat.rates import Rate, RateBook
from apps.vat.reimbursement_rules import REIMBURSEMENT_RULES
from apps.vat.resale_rules import RESALE_RULES
from apps.vat.rules import Category, Outcome, Reporting, Rule, Status, Taxed, Trait
from apps.vat.standing import Standing
from apps.vat.subscription_rules import SUBSCRIPTION_RULES
from apps.vat.territories import Area, Territory, find_place

_ZERO: Final = Decimal(0)

COMMERCIAL_INVOICE, CREDIT_NOTE, SELF_BILLED_INVOICE = "380", "381", "389"  # UNTDID 1001

_RULES: Final = {
    Trait.CHARGING: CHARGING_RULES,
    Trait.RESALE: RESALE_RULES,
    Trait.SUBSCRIPTION: SUBSCRIPTION_RULES,
    Trait.REIMBURSEMENT: REIMBURSEMENT_RULES,
}


def _incomplete(flag: str, because: str) -> Rule:
    return Rule(
        row="facts", needs=frozenset(), outcome=hold(flag), because=because,
        law="art. 193", sources=("Directive 2006/112/EC art. 193",),
    )  # fmt: skip


_DATE_MISSING: Final = _incomplete("date_missing", "the day of the supply is not known")
_SELLER_MISSING: Final = _incomplete(
    "supplier_country_missing", "the country of the seller is not known"
)
_CUSTOMER_KIND_MISSING: Final = _incomplete(
    "customer_kind_missing", "it is not known whether the customer is private or a business"
)
_HOST_KIND_MISSING: Final = _incomplete(
    "supplier_kind_missing", "it is not known whether the host is private or a business"
)
_NO_RULE: Final = _incomplete("no_rule", "no rule covers that day")


@dataclass(frozen=True, slots=True)
class Decision:
    """The tax of a supply with everything that led there.

    `place` is what decided (the station, or a seat), `territory` what the rate is of, and
    `tax_country` the country whose VAT it is (None where there is none). `rate` is per cent; a
    decision that is not OK has none. `buyer_id` is the customer's VAT id to print, `on` the day
    whose law and rate counted.
    """

    facts: Facts
    rule: Rule
    status: Status
    on: date | None
    place: Territory | None
    territory: Territory | None
    standing: Standing
    tax_country: str | None = None
    rate: Decimal | None = None
    rate_row: Rate | None = None
    category: Category | None = None
    reporting: Reporting | None = None
    seller_vat_country: str | None = None
    buyer_id: str | None = None
    document: str | None = COMMERCIAL_INVOICE
    flags: tuple[str, ...] = ()

    @property
    def reverse_charge(self) -> bool | None:
        return self.category is Category.REVERSE if self.status is Status.OK else None

    @property
    def vatex(self) -> str | None:
        return self.rule.outcome.vatex if self.status is Status.OK else None

    @property
    def sources(self) -> tuple[str, ...]:
        """The law that was applied, and where the rate comes from."""
        if self.rate_row is None:
            return self.rule.sources
        return (*self.rule.sources, f"rate: {self.rate_row.source}")

    def note(self, language: str = "en") -> str | None:
        """What the invoice has to print, in its language where we have it."""
        if self.status is not Status.OK:
            return None
        return notes.text(self.rule.outcome.notes, language)


def decide(facts: Facts, rates: RateBook) -> Decision:
    """The decision on one supply; never raises for missing facts, but holds."""
    case = prepare(facts)
    on = tax_date(facts)
    rule = _find_rule(case, on)
    outcome = rule.outcome
    if outcome.status is not Status.OK or on is None:
        return _undecided(case, rule, on)
    if outcome.category is not Category.STANDARD:
        return _untaxed(case, rule, on)
    territory = case.home if outcome.taxed is Taxed.SELLER_RATE else case.territory
    rate = _find_rate(outcome, territory, rates, on)
    if rate is None or territory is None:
        return _undecided(case, rule, on, flag="rate_missing:{code}", territory=territory)
    return _taxed(case, rule, on, territory, rate)


def tax_date(facts: Facts) -> date | None:
    """The station-local date on which charging ended, else the date that was given."""
    if facts.session_end is None or facts.supply is Supply.SUBSCRIPTION:
        return facts.on
    station = find_place(facts.station_country, facts.station_postcode)
    if station is None or station.territory.zone is None:
        return facts.on
    return facts.session_end.astimezone(ZoneInfo(station.territory.zone)).date()


def _find_rule(case: Case, on: date | None) -> Rule:
    if Trait.KIND_UNKNOWN in case.traits:
        is_host = case.supply is Trait.REIMBURSEMENT
        return _HOST_KIND_MISSING if is_host else _CUSTOMER_KIND_MISSING
    if Trait.SELLER_UNKNOWN in case.traits:
        return _SELLER_MISSING
    if on is None:
        return _DATE_MISSING
    country = case.territory.country if case.territory else ""
    for rule in _RULES[case.supply]:
        if rule.applies(case.traits, country, on):
            return rule
    return _NO_RULE


def _find_rate(
    outcome: Outcome, territory: Territory | None, rates: RateBook, on: date
) -> Rate | None:
    if territory is None:
        return None
    if outcome.taxed is Taxed.CHARGING_RATE:
        return rates.charging_rate(territory.code, on)
    return rates.standard_rate(territory.code, on)


def _undecided(
    case: Case, rule: Rule, on: date | None, flag: str = "", territory: Territory | None = None
) -> Decision:
    """Held, or for a person: no country, rate or amount that somebody could use by mistake."""
    where = territory or case.territory
    named = (flag or rule.outcome.flag).format(code=where.code if where else "")
    status = Status.MANUAL if rule.outcome.status is Status.MANUAL else Status.HOLD
    return Decision(
        facts=case.facts,
        rule=rule,
        status=status,
        on=on,
        place=case.territory,
        territory=where,
        standing=case.standing,
        buyer_id=case.buyer_id,
        document=_document(case, rule),
        flags=_flags(case, named),
    )


def _untaxed(case: Case, rule: Rule, on: date) -> Decision:
    """Reversed, or outside the scope: the rate is 0."""
    reversed_there = rule.outcome.category is Category.REVERSE and case.territory
    return Decision(
        facts=case.facts,
        rule=rule,
        status=Status.OK,
        on=on,
        place=case.territory,
        territory=case.territory,
        standing=case.standing,
        tax_country=case.territory.country if reversed_there and case.territory else None,
        rate=_ZERO,
        category=rule.outcome.category,
        seller_vat_country=_home_number(case) if rule.outcome.paper else None,
        buyer_id=case.buyer_id,
        document=_document(case, rule),
        # Who isn't taxable is not, wherever the platform is seated.
        flags=_flags(case) if rule.outcome.paper else (),
    )


def _taxed(case: Case, rule: Rule, on: date, territory: Territory, rate: Rate) -> Decision:
    reporting = rule.outcome.reporting
    number = _home_number(case)
    missing = ""
    if reporting is Reporting.LOCAL:
        number = _registered_as(territory.country, case.facts)
        missing = "" if number else f"registration_missing:{territory.country}"
    return Decision(
        facts=case.facts,
        rule=rule,
        status=Status.OK,
        on=on,
        place=case.territory,
        territory=territory,
        standing=case.standing,
        tax_country=territory.country,
        rate=rate.rate,
        rate_row=rate,
        # BR-S-05 of EN 16931: a standard-rated line has a rate above zero.
        category=Category.STANDARD if rate.rate else Category.ZERO,
        reporting=reporting,
        seller_vat_country=number or territory.country,
        buyer_id=case.buyer_id,
        document=_document(case, rule),
        flags=_flags(case, missing),
    )


def _home_number(case: Case) -> str | None:
    return case.home.country if case.home else None


def _registered_as(country: str, facts: Facts) -> str | None:
    """The seller's registration that serves for the country; Great Britain's for both parts."""
    registered = {
        place.territory.country
        for place in map(find_place, facts.supplier_vat_registrations)
        if place is not None
    }
    if country in registered:
        return country
    return "GB" if country == "XI" and "GB" in registered else None


def _document(case: Case, rule: Rule) -> str | None:
    if case.facts.document is Document.CREDIT_NOTE:
        return CREDIT_NOTE
    if not rule.outcome.paper:
        return None
    is_self_billed = rule.outcome.self_billed or case.supply is Trait.REIMBURSEMENT
    return SELF_BILLED_INVOICE if is_self_billed else COMMERCIAL_INVOICE


def _flags(case: Case, flag: str = "") -> tuple[str, ...]:
    """The rule's flag, and what to know about the place that decided."""
    flags = [flag] if flag else []
    if case.place is not None:
        if case.place.postcode_missing:
            flags.append("postcode_missing")
        flags += _area_flags(case, case.place.territory)
    return tuple(dict.fromkeys(flags))


def _area_flags(case: Case, territory: Territory) -> list[str]:
    """A station in a part of a Member State that the EU's VAT area leaves out."""
    if case.supply is not Trait.CHARGING or not _left_out(territory):
        return []
    local = [f"local_tax:{territory.local_tax}"] if territory.local_tax else []
    return ["outside_eu_vat_area", *local]


def _left_out(territory: Territory) -> bool:
    is_part = territory.code != territory.country
    return is_part and territory.goods in (Area.OUTSIDE, Area.EU_LAW_ABROAD)
