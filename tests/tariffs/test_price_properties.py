"""What holds for every price."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tariffs.messages import Json, Session, component, element, tariff

SLOW_MACHINES_TOO = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
AMOUNTS = st.decimals("0", "20", places=4, allow_nan=False)
VATS = st.sampled_from([None, "0", "5.2", "10", "21"])
STEPS = st.sampled_from([0, 1, 60, 300, 900, 1000])
KINDS = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")


@st.composite
def components(draw: Any) -> list[Json]:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True))
    return [component(kind, str(draw(AMOUNTS)), vat=draw(VATS), step=draw(STEPS)) for kind in kinds]


@st.composite
def tariffs(draw: Any) -> Json:
    """Tariffs with restrictions on the clock only, so that quantities don't switch elements."""
    elements = [
        element(*draw(components()), start_time=f"{draw(st.integers(0, 23)):02}:00")
        for _ in range(draw(st.integers(0, 2)))
    ]
    return tariff(*elements, element(*draw(components())))


PERIODS = st.lists(
    st.tuples(
        st.integers(1, 300),
        st.decimals("0", "60", places=3, allow_nan=False),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def session_of(periods: list[tuple[int, Decimal, bool]]) -> Session:
    session = Session("2024-03-13T00:00:00Z")
    for minutes, kwh, parks in periods:
        if parks:
            session.park(minutes)
        else:
            session.charge(minutes, kwh)
    return session


@SLOW_MACHINES_TOO
@given(tariffs(), PERIODS, st.data())
def test_cutting_a_period_in_two_changes_nothing(
    terms: Json, periods: list[tuple[int, Decimal, bool]], data: Any
) -> None:
    for each in terms["elements"]:
        each.pop("restrictions", None)
    index = data.draw(st.integers(0, len(periods) - 1))
    minutes, kwh, parks = periods[index]
    cut = data.draw(st.integers(0, minutes))
    first = (kwh * cut / minutes).quantize(Decimal("0.001"))
    pieces = [(cut, first, parks), (minutes - cut, kwh - first, parks)]
    whole, split = (
        session_of(periods),
        session_of([*periods[:index], *pieces, *periods[index + 1 :]]),
    )
    assert split.price(terms).total == whole.price(terms).total


@SLOW_MACHINES_TOO
@given(tariffs(), PERIODS, st.decimals("0.001", "50", places=3))
def test_more_energy_never_costs_less(
    terms: Json, periods: list[tuple[int, Decimal, bool]], more: Decimal
) -> None:
    before = session_of([*periods, (30, Decimal(1), False)]).price(terms).total
    after = session_of([*periods, (30, 1 + more, False)]).price(terms).total
    assert after.excl_vat >= before.excl_vat
    assert after.incl_vat >= before.incl_vat


@SLOW_MACHINES_TOO
@given(tariffs(), PERIODS, AMOUNTS, AMOUNTS)
def test_total_lies_within_the_limits(
    terms: Json, periods: list[tuple[int, Decimal, bool]], one: Decimal, other: Decimal
) -> None:
    least, most = sorted((one, other))
    limits = {
        "min_price": {"excl_vat": least, "incl_vat": least},
        "max_price": {"excl_vat": most, "incl_vat": most},
    }
    total = session_of(periods).price({**terms, **limits}).total
    assert least <= total.excl_vat <= most
    assert least <= total.incl_vat <= most


@SLOW_MACHINES_TOO
@given(tariffs(), PERIODS)
def test_lines_and_parts_add_up_to_the_total(
    terms: Json, periods: list[tuple[int, Decimal, bool]]
) -> None:
    priced = session_of(periods).price(terms)
    lines = sum(line.net for line in priced.lines) / 3600
    parts = sum(part.excl_vat for part in priced.parts.values() if part is not None)
    assert abs(lines - priced.total.excl_vat) <= Decimal("0.00005")
    assert abs(parts - priced.total.excl_vat) <= Decimal("0.00005")


@SLOW_MACHINES_TOO
@given(tariffs(), PERIODS)
def test_including_vat_is_never_below_excluding(
    terms: Json, periods: list[tuple[int, Decimal, bool]]
) -> None:
    total = session_of(periods).price(terms).total
    assert total.incl_vat >= total.excl_vat >= 0
