"""What is charged: each dimension of each period with the component that prices it.

mod_cdrs, CdrDimensionType, names what periods measure; mod_tariffs, TariffDimensionType, what has a
price.
"""

from datetime import tzinfo
from decimal import Decimal

from apps.tariffs.amounts import FREE, FREE_WITHOUT_VAT
from apps.tariffs.choosing import Plan
from apps.tariffs.notes import Note
from apps.tariffs.priced import Line, cost_of, make_line
from apps.tariffs.restrictions import Moment
from apps.tariffs.session import (
    ENERGY,
    FLAT,
    PARKING_TIME,
    RESERVATION_TIME,
    SESSION_TIME,
    TIME,
    Period,
    SessionRecord,
)
from apps.tariffs.tariff import (
    RESERVATION,
    RESERVATION_EXPIRES,
    Component,
    Pick,
    PreparedTariff,
)

NOTHING: dict[str, Component] = {}
ZERO = Decimal(0)
ONCE = Decimal(1)

ENERGY_PART, TIME_PART, PARKING_PART, FIXED_PART, RESERVATION_PART = (
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_fixed_cost",
    "total_reservation_cost",
)
METERED = ((ENERGY, ENERGY_PART), (TIME, TIME_PART), (PARKING_TIME, PARKING_PART))


def meter(record: SessionRecord, plan: Plan, zone: tzinfo, notes: list[Note]) -> list[Line]:
    """The lines of a session, in the order in which they came about, before any rounding."""
    kind = _ReservedSession if record.has_reservation else _Session
    return kind(record, plan, zone, notes).meter()


class _Session:
    """Walks through the periods of a session and collects its lines.

    2.1.1 says nothing about VAT (mod_tariffs, PriceComponent: "excluding VAT"): there even what is
    free is not known to be free including it.
    """

    def __init__(self, record: SessionRecord, plan: Plan, zone: tzinfo, notes: list[Note]) -> None:
        self.record = record
        self.plan = plan
        self.zone = zone
        self.notes = notes
        self.lines: list[Line] = []
        self.free = FREE_WITHOUT_VAT if record.version == "2.1.1" else FREE
        self.began = record.start
        self.kwh = ZERO
        self.flat_is_charged = False

    def meter(self) -> list[Line]:
        for period, tariff in zip(self.record.periods, self.plan.by_period, strict=True):
            self.meter_period(period, tariff)
            volumes = period.volumes
            if ENERGY in volumes:
                self.kwh += volumes[ENERGY]
        return self.lines

    def meter_period(self, period: Period, tariff: PreparedTariff | None) -> None:
        """The flat fee, once per session in the first period where one applies; then volumes
        (mod_tariffs, TariffDimensionType)."""
        volumes = period.volumes
        name, at = None, None
        pick: Pick = NOTHING.get
        if tariff is not None:
            name = tariff.id
            if tariff.unconditional is not None:
                pick = tariff.unconditional.get
            else:
                at = Moment(period, self.kwh, self.began, self.zone)
                pick = tariff.charging_at(at)
        if not self.flat_is_charged and (component := pick(FLAT)) is not None:
            self.flat_is_charged = True
            self.add(period, FLAT, part_of_flat(component, volumes), ONCE, name, component)
        for dimension, part in METERED:
            if dimension in volumes and (volume := volumes[dimension]):
                self.add(period, dimension, part, volume, name, pick(dimension))
        if (
            tariff is not None
            and tariff.prices_session_time
            and (component := pick(SESSION_TIME)) is not None
        ):
            self.add_session_time(period, component)
        if at is not None and at.estimated:
            self.note_estimates(at)

    def add(
        self,
        period: Period,
        dimension: str,
        part: str,
        volume: Decimal,
        tariff_id: str | None,
        component: Component | None,
    ) -> None:
        net, gross = self.free if component is None else cost_of(component, volume)
        self.lines.append(
            make_line(
                (
                    period.number, period.start, dimension, part, volume, volume,
                    tariff_id, component, net, gross,
                )
            )
        )  # fmt: skip

    def add_session_time(self, period: Period, component: Component) -> None:
        """SESSION_TIME, "time charging or not": both times of the period together
        (GIREVE_Tech_OCPI_V2.1.1, emsp_tariffs, section B)."""
        volumes = period.volumes
        both = volumes.get(TIME, ZERO) + volumes.get(PARKING_TIME, ZERO)
        seconds = volumes.get(SESSION_TIME) or both
        if seconds:
            name = component.tariff_id
            self.add(period, SESSION_TIME, TIME_PART, seconds, name, component)

    def note_estimates(self, at: Moment) -> None:
        names = ", ".join(sorted(at.estimated))
        text = (
            f"Charging period {at.period.number} has no {names}: the restriction on it was judged "
            "by the other bound, else by the average; without either it did not hold."
        )
        self.notes.append(Note("DIMENSION_ESTIMATED", text))


class _ReservedSession(_Session):
    """A session with a reservation before it, or a reservation that nobody came to use.

    mod_tariffs, ReservationRestrictionType: the time of an expired reservation is priced by
    RESERVATION_EXPIRES when that has a TIME component; a flat fee of it comes beside.
    """

    def __init__(self, record: SessionRecord, plan: Plan, zone: tzinfo, notes: list[Note]) -> None:
        super().__init__(record, plan, zone, notes)
        charging = [period for period in record.periods if is_charging(period)]
        self.is_expired = not charging
        if charging:
            self.began = charging[0].start
        self.flats_charged: set[str] = set()

    def meter(self) -> list[Line]:
        if self.is_expired:
            text = "No charging followed the reservation: it is priced as an expired one."
            self.notes.append(Note("RESERVATION_EXPIRED", text))
        return super().meter()

    def meter_period(self, period: Period, tariff: PreparedTariff | None) -> None:
        seconds = period.volumes.get(RESERVATION_TIME)
        if seconds:
            self.add_reservation(period, seconds, tariff)
        if is_charging(period):
            super().meter_period(period, tariff)

    def add_reservation(
        self, period: Period, seconds: Decimal, tariff: PreparedTariff | None
    ) -> None:
        component = None
        if tariff is not None:
            at = self.reservation_moment(period)
            kinds = [RESERVATION_EXPIRES, RESERVATION] if self.is_expired else [RESERVATION]
            for kind in kinds:
                self.add_reservation_flat(kind, period, tariff, at)
                component = component or tariff.pick(kind, TIME, at)
        name = None if tariff is None else tariff.id
        self.add(period, RESERVATION_TIME, RESERVATION_PART, seconds, name, component)

    def reservation_moment(self, period: Period) -> Moment:
        """Durations of a reservation count from its own start, those of the session from the start
        of charging (mod_tariffs, min_duration)."""
        return Moment(period, ZERO, self.record.periods[0].start, self.zone)

    def add_reservation_flat(
        self, kind: str, period: Period, tariff: PreparedTariff, at: Moment
    ) -> None:
        component = tariff.pick(kind, FLAT, at)
        if component is not None and kind not in self.flats_charged:
            self.flats_charged.add(kind)
            self.add(period, FLAT, RESERVATION_PART, ONCE, tariff.id, component)


def part_of_flat(component: Component, volumes: dict[str, Decimal]) -> str:
    """Which part a flat fee belongs to: that of an element for parking alone, due when the car
    parks and doesn't charge, is a cost of parking (mod_cdrs, CDR, total_parking_cost)."""
    parks = bool(volumes.get(PARKING_TIME)) and not volumes.get(TIME)
    return PARKING_PART if component.is_of_parking and parks else FIXED_PART


def is_charging(period: Period) -> bool:
    """Whether the car was there in this period: energy, charging or parking, any of it; a
    reservation ends when charging starts (mod_tariffs, TariffRestrictions.reservation)."""
    volumes = period.volumes
    return any(volumes.get(name) for name in (ENERGY, TIME, PARKING_TIME, SESSION_TIME))
