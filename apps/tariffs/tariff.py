"""A tariff, prepared once for pricing many sessions.

For each dimension the components stand in the order of their elements, and end with the first
that has no restrictions: nothing behind it can ever apply (OCPI mod_tariffs, Tariff object).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from apps.tariffs.notes import Notes
from apps.tariffs.restrictions import Check, Moment, Restrictions
from apps.tariffs.session import SESSION_TIME

# What an element is for, by its restriction `reservation`.
CHARGING = "CHARGING"
RESERVATION = "RESERVATION"
RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rounding that the Gireve hub adds to a component: to a unit, by a rule of `decimal`."""

    unit: Decimal
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """The price of one dimension in one element: per kWh, per hour, or once.

    `net_price` and `gross_price` are the price on both sides of the tax, None where the tariff
    doesn't say; the rates are the same per kWh, second or session in 3600ths of the currency.
    `step_size` is in Wh or seconds. `element` counts from 1. `is_of_parking` marks the flat fee of
    an element that prices nothing else than parking.
    """

    dimension: str
    price: Decimal
    vat: Decimal | None
    step_size: int
    net_price: Decimal | None
    gross_price: Decimal | None
    net_rate: Decimal | None
    gross_rate: Decimal | None
    tariff_id: str
    element: int
    restrictions: Restrictions
    checks: tuple[Check, ...]
    why: str
    price_round: Rounding | None = None
    step_round: Rounding | None = None
    is_of_parking: bool = False


Pick = Callable[[str], Component | None]


class Limit(NamedTuple):
    """A min_price or max_price: each side acts on its own, None is no limit on that side."""

    excl_vat: Decimal | None
    incl_vat: Decimal | None


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTariff:
    """A tariff compiled for pricing; immutable, made by `apps.tariffs.ocpi.tariffs.prepare_tariff`.

    `slots` holds the components by purpose (CHARGING, RESERVATION, RESERVATION_EXPIRES) and
    dimension. `gross_known` is False in OCPI 2.1.1, whose prices say nothing about VAT.
    `unconditional` holds the only component of each dimension of a tariff without restrictions
    and without prices for reservations; it is None for all others. `is_always_valid` says that
    nothing limits the sessions that the tariff is for, `prices_session_time` that it may price
    the hub's SESSION_TIME. `kind` is its TariffType, empty when it is for all sessions.
    """

    id: str
    currency: str
    version: str
    slots: dict[str, dict[str, tuple[Component, ...]]]
    elements: int
    min_price: Limit | None
    max_price: Limit | None
    gross_known: bool
    has_hub_rounding: bool
    needs_local_time: bool
    unconditional: dict[str, Component] | None
    valid_from: datetime | None
    valid_until: datetime | None
    start_restrictions: Restrictions | None
    start_checks: tuple[tuple[Check, ...], ...]
    notes: Notes
    components: tuple[Component, ...] = ()
    kind: str = ""
    is_always_valid: bool = field(init=False)
    prices_session_time: bool = field(init=False)

    def __post_init__(self) -> None:
        unlimited = self.valid_from is None and self.valid_until is None and not self.start_checks
        object.__setattr__(self, "is_always_valid", unlimited)
        session_time = SESSION_TIME in self.slots[CHARGING]
        object.__setattr__(self, "prices_session_time", session_time)

    def charging_at(self, at: Moment) -> Pick:
        """What finds the component that prices a dimension of charging at this moment; None when
        it is free.

        It is that of the first element whose restrictions hold and that has one for the dimension
        (OCPI mod_tariffs, Tariff object).
        """
        slots = self.slots[CHARGING]

        def pick(dimension: str) -> Component | None:
            if dimension in slots:
                for component in slots[dimension]:
                    for check in component.checks:
                        if not check(at):
                            break
                    else:
                        return component
            return None

        return pick

    def pick(self, purpose: str, dimension: str, at: Moment) -> Component | None:
        """The same for a reservation (mod_tariffs, TariffRestrictions.reservation)."""
        for component in self.slots[purpose].get(dimension, ()):
            if all(check(at) for check in component.checks):
                return component
        return None
