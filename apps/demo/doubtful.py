"""The CDRs of yesterday that the review rules hold, one for each kind of doubt. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from apps.cdrs.messages import CdrMessage, Price
from apps.demo.charges import Charge, cdr_of
from apps.demo.providers import DemoCustomer
from apps.demo.stations import DELTA, RHEIN, DemoStation


def doubtful_charges(
    *, today: date, provider: str, customers: Sequence[DemoCustomer],
    stations: Sequence[DemoStation],
) -> Iterator[CdrMessage]:  # fmt: skip
    """Always the same ones for a day; they began at night, when hardly anybody charges."""
    night = datetime.combine(today - timedelta(days=1), time(1), UTC)
    home = [station for station in stations if station.country == customers[0].town.country]

    def charge(
        index: int, *, start: datetime = night, minutes: int = 95, kwh: str = "12.4",
        station: DemoStation | None = None,
    ) -> CdrMessage:  # fmt: skip
        place = station or home[index % len(home)]
        *_, point = place.points()
        end = start + timedelta(minutes=minutes)
        told = Charge(customers[index], point, start, end, Decimal(kwh))
        return cdr_of(told, f"{provider[:3].upper()}-{start:%Y%m%d}-D{index}")

    yield dearer(charge(1), "1.08")
    yield charge(2, minutes=20, kwh="38.5")
    yield replace(charge(3), location_id="8801", evse_uid="8801-2", evse_id="")
    yield charge(4, start=night + timedelta(days=2))
    yield charge(5, start=night - timedelta(days=4), minutes=4 * 24 * 60 + 180, kwh="31.2")
    yield dearer(charge(6, minutes=12, kwh="21.9"), "3")
    yield charge(7, start=night + timedelta(hours=3))
    twin = charge(7, start=night + timedelta(hours=3, minutes=30), station=home[0])
    yield replace(twin, cdr_id=f"{twin.cdr_id}B", session_id=f"{twin.session_id}B")
    german = next(station for station in stations if station.operator == RHEIN)
    if home[0].operator == DELTA:
        yield replace(charge(8, station=german), tariffs=[])


def dearer(message: CdrMessage, factor: str) -> CdrMessage:
    """The operator asks more than its tariff says."""
    told = message.total_cost
    excl, incl = (
        None
        if side is None
        else (side * Decimal(factor)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for side in (told.excl_vat, told.incl_vat)
    )
    return replace(message, total_cost=Price(excl, incl), energy_cost=Price())
