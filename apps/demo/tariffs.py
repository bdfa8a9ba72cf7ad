"""The tariff book of the demo, its notes to drivers, and the rules of review. Pure.

There is a tariff with a history, one with a planned version, one with a plan that was withdrawn,
one that changes over the day, and one whose last element is never reached.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from apps.demo.providers import AMPERE, VOLTLY
from apps.demo.stations import DELTA, OPERATORS, RHEIN, THISTLE, DemoOperator

Content = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTariff:
    """A tariff of an operator, or of a provider (by its slug; `at` one operator or all).

    `before` was in force until this demo begins; `planned` follows the month after next, unless
    `withdrawn_because` says why not.
    """

    tariff_id: str
    name: str
    content: Content
    operator: DemoOperator | None = None
    provider: str = ""
    at: DemoOperator | None = None
    before: Content | None = None
    planned: Content | None = None
    withdrawn_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoNote:
    """A sentence to drivers in some languages; `location` and `provider` narrow it."""

    operator: DemoOperator
    texts: dict[str, str]
    channels: tuple[str, ...] = ("MAP", "APP")
    location: str = ""
    provider: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRule:
    """What is asked of CDRs; without party it is the general rule."""

    provider: str = ""
    operator: DemoOperator | None = None
    terms: dict[str, Any] = field(default_factory=dict)


def price(kind: str, amount: str, vat: Decimal, step: int = 1) -> Content:
    return {"type": kind, "price": Decimal(amount), "vat": vat, "step_size": step}


def element(*prices: Content, **restrictions: Any) -> Content:
    told = {"restrictions": restrictions} if restrictions else {}
    return {"price_components": list(prices), **told}


def operator_tariff(
    operator: DemoOperator, kind: str, amount: Decimal | str, *more: Content
) -> Content:
    """A tariff of the operator in OCPI 2.2.1, with its session fee."""
    prices = [price("ENERGY", str(amount), operator.vat_rate)]
    if operator.session_fee:
        prices.append(price("FLAT", str(operator.session_fee), operator.vat_rate))
    return {
        "country_code": operator.country_code,
        "party_id": operator.party_id,
        "id": f"{operator.party_id}-{kind}",
        "currency": operator.currency,
        "elements": [element(*prices, *more)],
        "tariff_alt_text": [{"language": "en", "text": f"{operator.name}, {kind} charging"}],
        "last_updated": "2026-01-01T00:00:00Z",
    }


def _retail(tariff_id: str, currency: str, *elements: Content) -> Content:
    return {"id": tariff_id, "currency": currency, "elements": list(elements)}


_IDLE = price("PARKING_TIME", "3.00", DELTA.vat_rate, 900)
_PLANS: Final[dict[str, dict[str, Any]]] = {
    "DLT-AC": {
        "before": operator_tariff(DELTA, "AC", "0.34"),
        "planned": operator_tariff(DELTA, "AC", "0.38", _IDLE),
    },
    "RHS-DC": {
        "planned": operator_tariff(RHEIN, "DC", "0.74"),
        "withdrawn_because": "Rheinstrom called its price rise off.",
    },
}


def _of_operators() -> tuple[DemoTariff, ...]:
    return tuple(
        DemoTariff(
            tariff_id=f"{operator.party_id}-{kind}",
            name=name,
            operator=operator,
            content=operator_tariff(operator, kind, amount),
            **_PLANS.get(f"{operator.party_id}-{kind}", {}),
        )
        for operator in OPERATORS
        for kind, name, amount in (
            ("AC", "AC charging, 11 kW", operator.ac_price),
            ("DC", "Fast charging", operator.dc_price),
        )
    )


_NL, _GB = Decimal(21), Decimal(20)

TARIFFS: Final = (
    *_of_operators(),
    DemoTariff(
        tariff_id="AMP-DAYNIGHT", name="Day and night at Delta Laadnet", provider=AMPERE.slug,
        at=DELTA,
        content=_retail(
            "AMP-DAYNIGHT", "EUR",
            element(price("ENERGY", "0.69", _NL), min_power=40),
            element(price("ENERGY", "0.47", _NL), start_time="07:00", end_time="21:00"),
            element(price("ENERGY", "0.39", _NL)),
        ),
    ),
    DemoTariff(
        tariff_id="AMP-ROAM", name="Roaming", provider=AMPERE.slug,
        content=_retail(
            "AMP-ROAM", "EUR",
            element(price("ENERGY", "0.78", _NL), price("FLAT", "0.45", _NL), min_power=40),
            element(price("ENERGY", "0.54", _NL), price("FLAT", "0.45", _NL)),
        ),
    ),
    DemoTariff(
        tariff_id="VLT-GO", name="Voltly Go", provider=VOLTLY.slug,
        content=_retail(
            "VLT-GO", "GBP",
            element(price("ENERGY", "0.79", _GB), min_power=40),
            element(price("ENERGY", "0.49", _GB)),
            # Meant as a discount, but the element above comes first: the linter's example.
            element(price("ENERGY", "0.43", _GB), start_time="00:00", end_time="05:00"),
        ),
    ),
)  # fmt: skip

NOTES: Final = (
    DemoNote(
        operator=DELTA, priority=5,
        texts={
            "en": "Please move your car once it is charged: others are waiting.",
            "nl": "Verplaats uw auto na het laden: anderen wachten.",
            "de": "Bitte parken Sie nach dem Laden um: andere warten.",
        },
    ),
    DemoNote(
        operator=DELTA, location="1002", priority=10,
        texts={
            "en": "Parking in P1 is paid at the gate and not part of the price.",
            "nl": "Parkeren in P1 betaalt u bij de slagboom, apart van het laden.",
        },
    ),
    DemoNote(
        operator=DELTA, provider=AMPERE.slug, channels=("APP", "INVOICE"),
        texts={
            "en": "With Ampère you charge at the night rate from 21:00 to 07:00.",
            "nl": "Met Ampère laadt u van 21:00 tot 07:00 tegen nachttarief.",
        },
    ),
    DemoNote(
        operator=RHEIN,
        texts={
            "en": "Each session has a start fee of 0.42 EUR including VAT.",
            "de": "Je Ladevorgang fällt eine Startgebühr von 0,42 EUR inkl. MwSt. an.",
        },
    ),
    DemoNote(
        operator=RHEIN, location="2004",
        texts={
            "en": "This site is in Switzerland; your bank may charge for the exchange.",
            "de": "Dieser Standort liegt in der Schweiz.",
        },
    ),
    DemoNote(
        operator=THISTLE, texts={"en": "All prices include 20 % VAT. No connection fee."},
    ),
    DemoNote(
        operator=THISTLE, location="3002", priority=5,
        texts={"en": "Slessor Gardens is closed on event days; use Greenmarket car park."},
    ),
)  # fmt: skip

_BOUNDS: Final = {
    "max_minutes": 48 * 60, "max_kwh": 150, "max_cost": 150, "power_tolerance_percent": 10,
    "refuses_overlap": True,
}  # fmt: skip

RULES: Final = (
    DemoRule(terms={
        "tolerance_amount": Decimal("0.02"), "tolerance_percent": Decimal(1), **_BOUNDS,
    }),
    DemoRule(operator=RHEIN, terms={
        "tolerance_amount": Decimal("0.05"), "tolerance_percent": Decimal(3),
        "needs_price": True, **_BOUNDS,
    }),
    DemoRule(provider=VOLTLY.slug, operator=THISTLE, terms={
        "when_clean": "ACCEPT", "tolerance_amount": Decimal("0.01"), **_BOUNDS,
    }),
)  # fmt: skip
