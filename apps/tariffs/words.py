"""A tariff in words that drivers read: "0.39 EUR per kWh, 07:00 to 19:00 local time". Pure."""

from decimal import Decimal

from apps.tariffs.restrictions import UNRESTRICTED, describe_restrictions
from apps.tariffs.session import ENERGY, FLAT, PARKING_TIME, SESSION_TIME, TIME
from apps.tariffs.tariff import RESERVATION_EXPIRES, Component, PreparedTariff

UNITS = {
    ENERGY: "per kWh",
    TIME: "per hour of charging",
    PARKING_TIME: "per hour of parking",
    SESSION_TIME: "per hour",
    FLAT: "per session",
}
MOST_PHRASES = 12


def describe_prices(tariff: PreparedTariff) -> list[str]:
    """One phrase per price, including VAT where it is known; at most twelve, then "and more"."""
    reachable = [
        component
        for slots in tariff.slots.values()
        for components in slots.values()
        for component in components
    ]
    reachable.sort(key=lambda component: component.element)
    phrases = [_phrase(component, tariff.currency) for component in reachable]
    limits = _limits(tariff)
    if len(phrases) > MOST_PHRASES:
        phrases = [*phrases[:MOST_PHRASES], "and more"]
    return [*phrases, *limits]


def _phrase(component: Component, currency: str) -> str:
    amount, side = _side(component.net_price, component.gross_price)
    unit = UNITS[component.dimension]
    kind = component.restrictions.reservation
    if kind is not None:
        expired = " that expires" if kind == RESERVATION_EXPIRES else ""
        per = "per" if component.dimension == FLAT else "per hour of"
        unit = f"{per} reservation{expired}"
    told = "free" if not component.price else f"{plain(amount)} {currency} {unit}{side}"
    if not component.price:
        told = f"{unit.removeprefix('per ')}: free"
    when = describe_restrictions(component.restrictions)
    if component.restrictions == UNRESTRICTED or kind is not None:
        return told
    return f"{told}, {when}"


def _side(net: Decimal | None, gross: Decimal | None) -> tuple[Decimal, str]:
    """The amount to tell and what has to be said about it."""
    if gross is not None:
        return gross, ""
    return net or Decimal(0), " excl. VAT"


def _limits(tariff: PreparedTariff) -> list[str]:
    phrases = []
    for words, limit in (("at least", tariff.min_price), ("at most", tariff.max_price)):
        if limit is not None:
            amount, side = _side(limit.excl_vat, limit.incl_vat)
            phrases.append(f"{words} {plain(amount)} {tariff.currency} per session{side}")
    return phrases


def plain(amount: Decimal) -> str:
    """At least two decimals, at most four, without needless zeros: 0.39, 0.4235, 2.00."""
    text = f"{amount:.4f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2]))
