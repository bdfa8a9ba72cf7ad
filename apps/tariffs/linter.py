"""What is probably not meant in a tariff: warnings for those who write or receive it. Pure.

The engine prices such tariffs all the same; what it can't read at all it refuses.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from apps.tariffs.restrictions import MIDNIGHT, Restrictions, describe_restrictions
from apps.tariffs.session import ENERGY, FLAT
from apps.tariffs.tariff import CHARGING, Component, PreparedTariff

# Above these a price per kWh, hour or session is rarely meant, in any large currency.
HIGH_PRICE: Final = {ENERGY: Decimal(3), FLAT: Decimal(50)}
HIGH_HOURLY_PRICE: Final = Decimal(100)
LARGE_STEP: Final = {ENERGY: 5_000}
LARGE_TIME_STEP: Final = 3_600
RANGES: Final = ("kwh", "current", "power", "duration")
MOST_FINDINGS: Final = 100
# Comparing each element with each is quadratic; a tariff with more is linted without it.
MOST_COMPARED: Final = 300


class Finding(NamedTuple):
    """Something odd: a code, the element it is about (0 is the whole tariff), and words."""

    code: str
    element: int
    text: str


def lint(tariff: PreparedTariff) -> list[Finding]:
    """Everything odd about a tariff, by element; at most 100 findings."""
    findings = [
        *(Finding(note.code, 0, note.text) for note in tariff.notes),
        *_lint_limits(tariff),
        *_lint_coverage(tariff),
    ]
    for element, restrictions in _elements(tariff).items():
        findings += _lint_restrictions(element, restrictions)
    for component in tariff.components:
        findings += _lint_component(component)
    findings += _lint_reach(tariff)
    return sorted(findings[:MOST_FINDINGS], key=lambda finding: finding.element)


def _elements(tariff: PreparedTariff) -> dict[int, Restrictions]:
    return {component.element: component.restrictions for component in tariff.components}


def _lint_limits(tariff: PreparedTariff) -> Iterator[Finding]:
    least, most = tariff.min_price, tariff.max_price
    for side in ("excl_vat", "incl_vat"):
        low, high = getattr(least, side, None), getattr(most, side, None)
        if low is not None and high is not None and low > high:
            text = f"min_price ({low:f}) is above max_price ({high:f}): max_price wins."
            yield Finding("LIMITS_CONTRADICT", 0, text)
    if tariff.valid_from and tariff.valid_until and tariff.valid_until <= tariff.valid_from:
        yield Finding("NEVER_VALID", 0, "The tariff ends before it starts.")


def _lint_coverage(tariff: PreparedTariff) -> Iterator[Finding]:
    """mod_tariffs advises a default component per dimension, without restrictions."""
    if not tariff.components:
        yield Finding("NO_COMPONENTS", 0, "The tariff prices nothing: everything is free.")
    for dimension, components in tariff.slots[CHARGING].items():
        if components[-1].checks:
            text = f"{dimension} has no default element without restrictions: else it is free."
            yield Finding("NO_DEFAULT", 0, text)


def _lint_restrictions(element: int, of: Restrictions) -> Iterator[Finding]:
    for name in RANGES:
        low, high = getattr(of, f"min_{name}"), getattr(of, f"max_{name}")
        if low is not None and high is not None and low >= high:
            text = f"min_{name} ({low:f}) is not below max_{name} ({high:f}): it never applies."
            yield Finding("NEVER_APPLIES", element, text)
    if of.start_date and of.end_date and of.end_date <= of.start_date:
        text = f"end_date ({of.end_date}) is not after start_date: it never applies."
        yield Finding("NEVER_APPLIES", element, text)
    if of.start_time is not None and of.start_time == of.end_time and of.end_time != MIDNIGHT:
        text = f"It ends at {of.end_time:%H:%M}, when it starts: it never applies."
        yield Finding("NEVER_APPLIES", element, text)


def _lint_component(component: Component) -> Iterator[Finding]:
    dimension, element = component.dimension, component.element
    if component.price > HIGH_PRICE.get(dimension, HIGH_HOURLY_PRICE):
        text = f"A price of {component.price:f} for {dimension} is unusually high."
        yield Finding("PRICE_HIGH", element, text)
    if component.vat is not None and not 0 <= component.vat <= 30:
        yield Finding("VAT_ODD", element, f"A VAT of {component.vat:f} % is unusual.")
    if component.step_size > LARGE_STEP.get(dimension, LARGE_TIME_STEP):
        unit = "Wh" if dimension == ENERGY else "s"
        text = f"A step of {component.step_size} {unit} for {dimension} is unusually large."
        yield Finding("STEP_LARGE", element, text)


def _lint_reach(tariff: PreparedTariff) -> Iterator[Finding]:
    """Components that an earlier element always comes before."""
    if len(tariff.components) > MOST_COMPARED:
        return
    earlier: dict[tuple[str, str], list[Component]] = {}
    for component in tariff.components:
        key = (component.restrictions.reservation or CHARGING, component.dimension)
        known = earlier.setdefault(key, [])
        for other in known:
            if covers(other.restrictions, component.restrictions):
                text = (
                    f"Its price for {component.dimension} is never reached: element "
                    f"{other.element} ({describe_restrictions(other.restrictions)}) comes first."
                )
                yield Finding("UNREACHABLE", component.element, text)
                break
        known.append(component)


def covers(wide: Restrictions, narrow: Restrictions) -> bool:
    """Whether the first hold whenever the second do; False when that can't be told."""
    if wide.unknown:
        return False
    return (
        all(_covers_range(wide, narrow, name) for name in RANGES)
        and (wide.days is None or (narrow.days is not None and narrow.days <= wide.days))
        and _covers_dates(wide, narrow)
        and _covers_times(wide, narrow)
    )


def _covers_range(wide: Restrictions, narrow: Restrictions, name: str) -> bool:
    low, high = getattr(wide, f"min_{name}"), getattr(wide, f"max_{name}")
    other_low, other_high = getattr(narrow, f"min_{name}"), getattr(narrow, f"max_{name}")
    above = low is None or (other_low is not None and other_low >= low)
    below = high is None or (other_high is not None and other_high <= high)
    return above and below


def _covers_dates(wide: Restrictions, narrow: Restrictions) -> bool:
    starts = wide.start_date is None or (
        narrow.start_date is not None and narrow.start_date >= wide.start_date
    )
    ends = wide.end_date is None or (
        narrow.end_date is not None and narrow.end_date <= wide.end_date
    )
    return starts and ends


def _covers_times(wide: Restrictions, narrow: Restrictions) -> bool:
    return _minutes(narrow) <= _minutes(wide)


def _minutes(of: Restrictions) -> frozenset[int]:
    """The minutes of the day at which the restrictions on the clock hold."""
    start = 0 if of.start_time is None else of.start_time.hour * 60 + of.start_time.minute
    end = 0 if of.end_time is None else of.end_time.hour * 60 + of.end_time.minute
    end = end or 1440
    if end < start:
        return frozenset((*range(start, 1440), *range(end)))
    return frozenset(range(start, end))
