"""A decision in one sentence, for people: what tax, why, and by which article."""

from typing import Final

from apps.vat.decision import Decision
from apps.vat.rules import Category, Status
from apps.vat.standing import Standing

_CUSTOMER: Final = {
    Standing.UNKNOWN: "customer of unknown kind",
    Standing.PRIVATE: "private customer",
    Standing.WITHOUT_ID: "business without a valid VAT id, treated as private",
    Standing.UNVERIFIED: "business customer",
    Standing.VERIFIED: "business customer",
    Standing.TRUSTED: "business customer",
}


def explain(decision: Decision) -> str:
    """For example: "Germany 19 %: charged at a station in Germany, private customer; art. 39"."""
    place = decision.place.name if decision.place else "an unknown country"
    because = decision.rule.because.format(place=place, customer=_CUSTOMER[decision.standing])
    return f"{_capital(_headline(decision))}: {because}; {decision.rule.law}"


def _headline(decision: Decision) -> str:
    name = decision.territory.name if decision.territory else ""
    if decision.status is Status.MANUAL:
        return "a person has to decide"
    if decision.status is Status.HOLD:
        return "held"
    if decision.category is Category.REVERSE:
        return f"{name}, reverse charge"
    if decision.category is Category.OUTSIDE:
        return "no VAT"
    return f"{name} {decision.rate:f} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
