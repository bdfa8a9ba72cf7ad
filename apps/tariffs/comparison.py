"""Why a sent total differs from ours, in words, where it can be told."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from apps.tariffs.notes import Note
from apps.tariffs.session import PARTS, Price

PART_NAMES = {
    "total_energy_cost": "energy",
    "total_time_cost": "time",
    "total_parking_cost": "parking",
    "total_fixed_cost": "fixed costs",
    "total_reservation_cost": "reservation",
}
TOO_SMALL_TO_SEE = Decimal("0.00005")
ROUNDINGS = (
    (ROUND_HALF_UP, "ROUNDED", "rounded"),
    (ROUND_HALF_EVEN, "ROUNDED", "rounded half to even"),
    (ROUND_DOWN, "TRUNCATED", "truncated"),
    (ROUND_CEILING, "ROUNDED_UP", "rounded up"),
)


SENT_MATCHES = Note("SENT_MATCHES", "The sent total is the same as ours.")


class Variant(NamedTuple):
    """Another way to compute the total, that an operator may have taken."""

    code: str
    text: str
    compute: Callable[[], Price]


def explain_difference(
    sent: Price,
    ours: Price,
    sent_parts: dict[str, Price],
    variants: Callable[[], list[Variant]],
) -> list[Note]:
    """The reasons that can be told; a plain sentence when none can.

    The variants are computed only when rounding doesn't explain the difference.
    """
    if sent == ours or matches(sent, ours):
        return [SENT_MATCHES]
    rounding = _explain_rounding(sent, ours)
    if rounding is not None:
        return [rounding]
    notes = _explain_tax(sent, ours)
    for variant in variants():
        if notes:
            break
        theirs = variant.compute()
        if not matches(theirs, ours) and _agrees(sent, theirs):
            notes = [Note(variant.code, variant.text)]
    coarse = _explain_rounding(sent, ours, (1, 0)) if not notes else None
    if coarse is not None:
        return [coarse]
    notes += _explain_sum(sent, sent_parts)
    if notes:
        return notes
    return [Note("SENT_DIFFERS", "The sent total differs; no reason could be told.")]


def matches(sent: Price, ours: Price) -> bool:
    """Whether both sides agree to four decimals, as far as both know them."""
    pairs = [(a, b) for a, b in zip(sent, ours, strict=True) if a is not None and b is not None]
    return bool(pairs) and all(abs(a - b) < TOO_SMALL_TO_SEE for a, b in pairs)


def _agrees(sent: Price, theirs: Price) -> bool:
    """Whether the sent total is theirs, perhaps rounded to the decimals that were sent."""
    return matches(sent, theirs) or _explain_rounding(sent, theirs) is not None


def _explain_rounding(
    sent: Price, ours: Price, decimals_sent: tuple[int, ...] = (3, 2)
) -> Note | None:
    pairs = [(a, b) for a, b in zip(sent, ours, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    for decimals in decimals_sent:
        unit = Decimal(1).scaleb(-decimals)
        for rule, code, word in ROUNDINGS:
            if all(a == b.quantize(unit, rounding=rule) for a, b in pairs):
                text = f"The sent total is {word} to {decimals} decimals."
                return Note(f"SENT_{code}", text)
    return None


def _explain_tax(sent: Price, ours: Price) -> list[Note]:
    """The two sides of the tax mixed up."""
    if sent.excl_vat is None or ours.excl_vat is None or ours.incl_vat is None:
        return []
    if ours.excl_vat == ours.incl_vat:
        return []
    if _agrees(Price(sent.excl_vat, None), Price(ours.incl_vat, None)):
        return [Note("SENT_INCLUDES_VAT", "The sent total excluding VAT includes the VAT.")]
    side = Price(sent.incl_vat, None)
    if _agrees(Price(sent.excl_vat, None), Price(ours.excl_vat, None)):
        if sent.incl_vat is not None and _agrees(side, Price(ours.excl_vat, None)):
            return [Note("SENT_WITHOUT_VAT", "No VAT is added in the sent total including VAT.")]
        return [Note("SENT_VAT_DIFFERS", "Only the VAT of the sent total differs.")]
    return []


def _explain_sum(sent: Price, parts: dict[str, Price]) -> list[Note]:
    """A sent total that isn't even the sum of the sent parts."""
    costs = [parts[name].excl_vat for name in PARTS if name in parts]
    known = [cost for cost in costs if cost is not None]
    if not known or sent.excl_vat is None or len(known) != len(costs):
        return []
    total = sum(known, Decimal(0))
    if abs(total - sent.excl_vat) <= Decimal("0.01") * len(known):
        return []
    text = f"The sent total is not the sum of the sent parts, which is {total:.4f}."
    return [Note("SENT_SUM_DIFFERS", text)]


def explain_parts(differences: dict[str, Price]) -> list[Note]:
    """Which of the sent parts differ by a cent or more, and by how much."""
    notes = []
    for name, price in differences.items():
        if price.excl_vat is not None and abs(price.excl_vat) >= Decimal("0.01"):
            more = "more" if price.excl_vat > 0 else "less"
            text = f"Sent {abs(price.excl_vat):.4f} {more} than ours for {PART_NAMES[name]}."
            notes.append(Note("SENT_PART_DIFFERS", text))
    return notes
