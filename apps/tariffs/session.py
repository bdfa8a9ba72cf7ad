"""What a CDR tells about its session: the periods, their volumes, and the costs as sent."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from apps.tariffs.notes import Notes

ENERGY = "ENERGY"
TIME = "TIME"
PARKING_TIME = "PARKING_TIME"
SESSION_TIME = "SESSION_TIME"
RESERVATION_TIME = "RESERVATION_TIME"
FLAT = "FLAT"

# The parts of a total, by the names that CDRs give them (mod_cdrs, CDR object).
PARTS = (
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_fixed_cost",
    "total_reservation_cost",
)


class Price(NamedTuple):
    """An amount on both sides of the tax; None where that side is not known."""

    excl_vat: Decimal | None
    incl_vat: Decimal | None


# From a tuple, at half of what the class itself takes: sums make many of them.
make_price = partial(tuple.__new__, Price)


class Period(NamedTuple):
    """One charging period: ENERGY in kWh, times in seconds, power in kW, current in A.

    `clock` is its length in seconds by the timestamps, None where the end isn't known.
    """

    number: int
    start: datetime
    clock: Decimal | None
    volumes: dict[str, Decimal]
    tariff_id: str


make_period = partial(tuple.__new__, Period)


class SessionRecord(NamedTuple):
    """A CDR, read: everything that pricing needs of it, in one form for all versions."""

    version: str
    id: str
    currency: str
    start: datetime
    periods: tuple[Period, ...]
    country: str
    postcode: str
    time_zone: str
    has_reservation: bool
    is_credit: bool
    remark: str
    sent_total: Price | None
    sent_parts: dict[str, Price]
    notes: Notes


make_record = partial(tuple.__new__, SessionRecord)
