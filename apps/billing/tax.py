"""The port to VAT: a charge of an account goes in, what to print and to add up comes out.

The only place where billing asks for a decision. A decision that is not clear, or that needs a
VAT number which the seller has not, holds the charge.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.billing.held import Held
from apps.vat.decision import Decision, decide
from apps.vat.decision_json import write_decision
from apps.vat.explanation import explain
from apps.vat.facts import DEFAULT_POLICY, Facts, IdStatus, Kind, Policy, Supply
from apps.vat.facts_json import write_facts
from apps.vat.rates import RateBook
from apps.vat.rules import Status


@dataclass(frozen=True, slots=True)
class Registration:
    """A VAT number of the seller, while it is active (`active_to` exclusive)."""

    country: str
    number: str
    active_from: date | None = None
    active_to: date | None = None

    def is_active(self, on: date) -> bool:
        return (self.active_from is None or self.active_from <= on) and (
            self.active_to is None or on < self.active_to
        )


@dataclass(frozen=True, slots=True)
class Seller:
    """What of a provider decides VAT."""

    country: str
    registrations: tuple[Registration, ...]
    policy: Policy = DEFAULT_POLICY

    def active(self, on: date) -> tuple[str, ...]:
        """The countries it has a VAT number of on that day."""
        return tuple(dict.fromkeys(r.country for r in self.registrations if r.is_active(on)))


@dataclass(frozen=True, slots=True)
class Buyer:
    """What of an account decides VAT; `vat_id_status` is what the registers said, `proofs` when."""

    country: str
    postcode: str
    kind: Kind
    vat_ids: tuple[str, ...]
    vat_id_status: IdStatus | None
    language: str
    proofs: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Supplied:
    """Where and when a charge ended; `local_date` is the station's."""

    country: str
    postcode: str
    ended_at: datetime
    local_date: date


@dataclass(frozen=True, slots=True)
class LineTax:
    """What an invoice needs of a decision; `tax_country` is empty outside the scope of VAT."""

    tax_country: str
    category: str
    rate: Decimal
    seller_vat_country: str
    reporting: str
    buyer_vat_id: str
    note: str
    vatex: str
    evidence: dict[str, Any]


def decide_charge(supplied: Supplied, *, seller: Seller, buyer: Buyer, rates: RateBook) -> LineTax:
    """The tax of one charge. Raises Held with the decision's flags."""
    facts = _facts(supplied, seller, buyer)
    decision = decide(facts, rates)
    if decision.status is not Status.OK:
        raise _held(decision, facts)
    _require_number(decision, facts, seller, supplied.local_date)
    return _line_tax(decision, facts, buyer)


def _facts(supplied: Supplied, seller: Seller, buyer: Buyer) -> Facts:
    return Facts(
        supply=Supply.CHARGING_SESSION,
        on=supplied.local_date,
        session_end=supplied.ended_at,
        supplier_country=seller.country,
        supplier_vat_registrations=seller.active(supplied.local_date),
        customer_country=buyer.country,
        customer_postcode=buyer.postcode or None,
        customer_kind=buyer.kind,
        customer_vat_ids=buyer.vat_ids,
        vat_id_status=buyer.vat_id_status,
        station_country=supplied.country or None,
        station_postcode=supplied.postcode or None,
        policy=seller.policy,
    )


def _held(decision: Decision, facts: Facts) -> Held:
    return Held(
        "VAT_MANUAL" if decision.status is Status.MANUAL else "VAT_HELD",
        explain(decision),
        flags=list(decision.flags),
        facts=write_facts(facts),
    )


def _require_number(decision: Decision, facts: Facts, seller: Seller, on: date) -> None:
    """The decision names the number to print; a seller without it can't invoice this."""
    country = decision.seller_vat_country
    if country and country not in seller.active(on):
        raise Held(
            "VAT_REGISTRATION_MISSING",
            f"{explain(decision)}. The provider has no VAT number of {country} on {on}.",
            flags=[*decision.flags, f"registration_missing:{country}"],
            facts=write_facts(facts),
        )


def _line_tax(decision: Decision, facts: Facts, buyer: Buyer) -> LineTax:
    assert decision.category is not None and decision.rate is not None  # noqa: S101, PT018 - is OK
    return LineTax(
        tax_country=decision.tax_country or "",
        category=decision.category.value,
        rate=decision.rate,
        seller_vat_country=decision.seller_vat_country or "",
        reporting=decision.reporting.value if decision.reporting else "",
        buyer_vat_id=decision.buyer_id or "",
        note=decision.note(buyer.language) or "",
        vatex=decision.vatex or "",
        evidence={
            **write_decision(decision),
            "facts": write_facts(facts),
            "proofs": list(buyer.proofs),
        },
    )
