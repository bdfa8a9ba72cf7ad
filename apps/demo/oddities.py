"""CDRs with something odd, as real operators send them: each is held for a person. Pure."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Final

from apps.cdrs.messages import CdrMessage, Price

Twist = Callable[[CdrMessage], CdrMessage]


def unknown_token(message: CdrMessage) -> CdrMessage:
    return replace(message, contract_id="NL-XXX-C00000000-0", token_uid="")


def unknown_location(message: CdrMessage) -> CdrMessage:
    return replace(
        message, location_id="9999", evse_uid="9999-1", evse_id="", location_name="New site"
    )


def negative_energy(message: CdrMessage) -> CdrMessage:
    return replace(message, kwh=-message.kwh)


def zero_cost(message: CdrMessage) -> CdrMessage:
    return replace(message, total_cost=Price(Decimal(0), Decimal(0)), energy_cost=Price())


def cost_missing(message: CdrMessage) -> CdrMessage:
    return replace(message, total_cost=Price(), energy_cost=Price())


def too_many_decimals(message: CdrMessage) -> CdrMessage:
    assert message.total_cost.excl_vat is not None  # noqa: S101 - the demo's CDRs have one
    return replace(message, total_cost=Price(message.total_cost.excl_vat + Decimal("0.0000123457")))


def not_significant(message: CdrMessage) -> CdrMessage:
    return replace(message, remark="[?] cost not significant")


def much_too_dear(message: CdrMessage) -> CdrMessage:
    """A price ten times that of the tariff; only a review of the price finds it."""
    assert message.total_cost.excl_vat is not None  # noqa: S101 - the demo's CDRs have one
    dear = message.total_cost.excl_vat * 10
    return replace(message, total_cost=Price(dear, dear * Decimal("1.2")))


# One of these for every so many CDRs, in turn.
EVERY: Final = 90
TWISTS: Final[tuple[Twist, ...]] = (
    unknown_token, zero_cost, unknown_location, too_many_decimals, negative_energy, cost_missing,
    not_significant, much_too_dear,
)  # fmt: skip


def with_oddities(messages: list[CdrMessage]) -> list[CdrMessage]:
    """The messages, of which one in `EVERY` is odd; which ones hangs on their ids alone."""
    return [_twisted(message) for message in messages]


def is_much_too_dear(message: CdrMessage) -> bool:
    return twist_of(message.cdr_id) is much_too_dear


def _twisted(message: CdrMessage) -> CdrMessage:
    twist = twist_of(message.cdr_id)
    return twist(message) if twist else message


def twist_of(cdr_id: str) -> Twist | None:
    chance = Random(cdr_id)
    return chance.choice(TWISTS) if chance.random() < 1 / EVERY else None
