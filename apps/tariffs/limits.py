"""min_price and max_price of a tariff (OCPI mod_tariffs, Tariff object, notes on both).

The limits excluding and including VAT act each on its own. A side that the tariff doesn't limit
stays as it is, with two exceptions: where no VAT applies both sides are one, and a total including
VAT is never left below the total excluding it.

Where 2.3.0 leaves one side of the total unknown, a bound on it (PriceLimit needs before_taxes
alone) still says something of the other: what is at least so much before taxes is so after them,
what is at most so much after taxes is so before them.
"""

from decimal import Decimal

from apps.tariffs.notes import Note
from apps.tariffs.session import Price
from apps.tariffs.tariff import Limit, PreparedTariff


def apply_limits(total: Price, tariff: PreparedTariff, notes: list[Note]) -> Price:
    """The total within the tariff's limits; max_price wins over a min_price above it."""
    untaxed = total.excl_vat == total.incl_vat
    limited = total
    if tariff.min_price is not None:
        least = _known(_both_sides(tariff.min_price, untaxed), total, least=True)
        limited = _bound(limited, least, least=True)
        _note_unjudged("min_price", total, least, notes)
        _note("min_price", "MIN_PRICE_APPLIED", total, limited, notes)
    if tariff.max_price is not None:
        before = limited
        most = _known(_both_sides(tariff.max_price, untaxed), total, least=False)
        limited = _bound(limited, most, least=False)
        _note_unjudged("max_price", total, most, notes)
        _note("max_price", "MAX_PRICE_APPLIED", before, limited, notes)
    return limited


def _both_sides(limit: Limit, untaxed: bool) -> Limit:
    """Where no tax applies, a limit given on one side only holds for both."""
    excl, incl = limit
    if not untaxed:
        return limit
    return Limit(incl if excl is None else excl, excl if incl is None else incl)


def _known(limit: Limit, total: Price, *, least: bool) -> Limit:
    """The limit with what a bound on the unknown side of the total says of the known one."""
    excl, incl = limit
    if least and total.excl_vat is None and incl is None:
        return Limit(excl, excl)
    if not least and total.incl_vat is None and excl is None:
        return Limit(incl, incl)
    return limit


def _bound(total: Price, limit: Limit, *, least: bool) -> Price:
    excl, incl = limit
    net = _clamp(total.excl_vat, excl, least=least)
    gross = _clamp(total.incl_vat, incl, least=least)
    if least and incl is None and net is not None and gross is not None:
        gross = max(net, gross)
    return Price(net, gross)


def _clamp(amount: Decimal | None, bound: Decimal | None, *, least: bool) -> Decimal | None:
    if amount is None or bound is None:
        return amount
    return max(amount, bound) if least else min(amount, bound)


def _note_unjudged(name: str, total: Price, limit: Limit, notes: list[Note]) -> None:
    unjudged = all(None in pair for pair in zip(total, limit, strict=True))
    if unjudged and any(bound is not None for bound in limit):
        text = f"The {name} of the tariff bounds a side of the tax that isn't known: not applied."
        notes.append(Note("LIMIT_NOT_JUDGED", text))


def _note(name: str, code: str, before: Price, after: Price, notes: list[Note]) -> None:
    if before != after:
        sides = zip(("excluding", "including"), before, after, strict=True)
        moves = (
            f"{side} VAT from {old:.4f} to {new:.4f}"
            for side, old, new in sides
            if old is not None and new is not None and old != new
        )
        notes.append(Note(code, f"The {name} of the tariff moves the total {', '.join(moves)}."))
