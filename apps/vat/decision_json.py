"""A decision as JSON: one object per supply, with amounts where it has any."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.money import currency_exponent, quantize
from apps.vat.amounts import vat_on
from apps.vat.decision import Decision, decide
from apps.vat.explanation import explain
from apps.vat.facts_json import InvalidFacts, read_facts
from apps.vat.rates import RateBook
from apps.vat.territories import Territory


def decide_json(raw: Any, rates: RateBook) -> dict[str, Any]:
    """Decide what one JSON object asks. Raises InvalidFacts, UnknownCurrency."""
    if not isinstance(raw, Mapping):
        raise InvalidFacts("The line is not an object.")
    currency = raw.get("currency") or "EUR"
    if not isinstance(currency, str):
        raise InvalidFacts("currency is not a text.", field="currency")
    currency_exponent(currency)
    net = _read_net(raw.get("net"))
    language = raw.get("language") or "en"
    decision = decide(read_facts(raw), rates)
    written = write_decision(decision, language=str(language))
    return {"id": raw.get("id"), **written, **_amounts(decision, net, currency)}


def write_decision(decision: Decision, *, language: str = "en") -> dict[str, Any]:
    """The decision without amounts; numbers are strings, what doesn't apply is null."""
    return {
        "status": decision.status.value,
        "tax_country": decision.tax_country,
        "tax_territory": _code(decision.territory) if decision.tax_country else None,
        "rate": None if decision.rate is None else f"{decision.rate:f}",
        "reverse_charge": decision.reverse_charge,
        "category": decision.category,
        "note": decision.note(language),
        "vatex": decision.vatex,
        "seller_vat_country": decision.seller_vat_country,
        "buyer_vat_id": decision.buyer_id,
        "reporting": decision.reporting,
        "document": decision.document,
        "date": decision.on.isoformat() if decision.on else None,
        "flags": list(decision.flags),
        "rule": decision.rule.row,
        "sources": list(decision.sources),
        "explanation": explain(decision),
    }


def _code(territory: Territory | None) -> str | None:
    return territory.code if territory else None


def _amounts(decision: Decision, net: Decimal | None, currency: str) -> dict[str, Any]:
    if net is None or decision.rate is None:
        return {"vat": None, "gross": None}
    rounded = quantize(net, currency)
    vat = vat_on(rounded, decision.rate, currency)
    return {"vat": f"{vat:f}", "gross": f"{rounded + vat:f}"}


def _read_net(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InvalidFacts("net is not a number.", field="net")
    try:
        net = Decimal(str(value))
    except InvalidOperation:
        raise InvalidFacts(f"net is {value!r}, not a number.", field="net") from None
    if not net.is_finite() or abs(net) >= Decimal(10) ** 15:
        raise InvalidFacts(f"net is {value!r}, out of range.", field="net")
    return net
