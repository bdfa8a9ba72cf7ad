"""What is charged: each dimension of each period with the component that prices it."""

from datetime import tzinfo
from decimal import Decimal

from apps.tariffs.choosing import Plan
from apps.tariffs.notes import Note
from apps.tariffs.restrictions import SECONDS_PER_HOUR, Moment
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
    CHARGING,
    RESERVATION,
    RESERVATION_EXPIRES,
    Component,
    PreparedTariff,
)

ZERO = Decimal(0)
ONCE = Decimal(1)
HALF_A_SECOND = Decimal("0.5")

ENERGY_PART, TIME_PART, PARKING_PART, FIXED_PART, RESERVATION_PART = (
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_fixed_cost",
    "total_reservation_cost",
)


class Charge:
    """A volume of one dimension in one period: kWh, seconds, or 1 for a flat fee.

    `billed` is the volume after step sizes. `net` and `gross` are set when it is priced, in
    3600ths of the currency, so that hours divide without remainder; None is not known.
    """

    __slots__ = (
        "billed", "component", "dimension", "gross", "net", "part", "period", "tariff", "volume",
    )  # fmt: skip

    def __init__(
        self,
        period: Period,
        dimension: str,
        part: str,
        volume: Decimal,
        tariff: PreparedTariff | None,
        component: Component | None,
    ) -> None:
        self.period = period
        self.dimension = dimension
        self.part = part
        self.volume = self.billed = volume
        self.tariff = tariff
        self.component = component
        self.net: Decimal | None = ZERO
        self.gross: Decimal | None = ZERO


def meter(record: SessionRecord, plan: Plan, zone: tzinfo, notes: list[Note]) -> list[Charge]:
    """The charges of a session, in the order in which they came about."""
    reserved = any(RESERVATION_TIME in period.volumes for period in record.periods)
    if reserved:
        return _ReservedSession(record, plan, zone, notes).meter()
    return _Session(record, plan, zone, notes).meter()


class _Session:
    """Walks through the periods of a session and collects its charges."""

    def __init__(self, record: SessionRecord, plan: Plan, zone: tzinfo, notes: list[Note]) -> None:
        self.record = record
        self.plan = plan
        self.zone = zone
        self.notes = notes
        self.charges: list[Charge] = []
        self.began = record.start
        self.kwh = ZERO
        self.flat_is_charged = False

    def meter(self) -> list[Charge]:
        for period, tariff in zip(self.record.periods, self.plan, strict=True):
            self.meter_period(period, tariff)
            self.kwh += period.volumes.get(ENERGY, ZERO)
        return self.charges

    def meter_period(self, period: Period, tariff: PreparedTariff | None) -> None:
        if tariff is None:
            self.add_volumes(period, None, None)
            return
        at = self.moment(period) if tariff.is_conditional else None
        if not self.flat_is_charged:
            self.add_flat(period, tariff, at)
        self.add_volumes(period, tariff, at)
        if at is not None and at.estimated:
            self.note_estimates(at)

    def moment(self, period: Period) -> Moment:
        passed = period.start - self.began
        seconds = Decimal(passed.days * 86400 + passed.seconds)
        return Moment(period, self.kwh, seconds, self.zone)

    def add_flat(self, period: Period, tariff: PreparedTariff, at: Moment | None) -> None:
        """The flat fee, once per session: in the first period where one applies."""
        component = tariff.pick(CHARGING, FLAT, at)
        if component is not None:
            self.flat_is_charged = True
            self.charges.append(Charge(period, FLAT, FIXED_PART, ONCE, tariff, component))

    def add_volumes(self, period: Period, tariff: PreparedTariff | None, at: Moment | None) -> None:
        volumes = period.volumes
        energy = volumes.get(ENERGY)
        if energy:
            self.add(period, ENERGY, ENERGY_PART, energy, tariff, at)
        charging = volumes.get(TIME)
        if charging:
            seconds = to_seconds(charging, period.clock)
            self.add(period, TIME, TIME_PART, seconds, tariff, at)
        parking = volumes.get(PARKING_TIME)
        if parking:
            seconds = to_seconds(parking, period.clock)
            self.add(period, PARKING_TIME, PARKING_PART, seconds, tariff, at)
        if tariff is not None and SESSION_TIME in tariff.slots[CHARGING]:
            self.add_session_time(period, tariff, at)

    def add_session_time(self, period: Period, tariff: PreparedTariff, at: Moment | None) -> None:
        """Gireve's SESSION_TIME, "time charging or not": both times of the period together."""
        volumes = period.volumes
        hours = volumes.get(SESSION_TIME) or volumes.get(TIME, ZERO) + volumes.get(
            PARKING_TIME, ZERO
        )
        if hours:
            seconds = to_seconds(hours, period.clock)
            self.add(period, SESSION_TIME, TIME_PART, seconds, tariff, at)

    def add(
        self,
        period: Period,
        dimension: str,
        part: str,
        volume: Decimal,
        tariff: PreparedTariff | None,
        at: Moment | None,
    ) -> None:
        component = tariff.pick(CHARGING, dimension, at) if tariff is not None else None
        self.charges.append(Charge(period, dimension, part, volume, tariff, component))

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

    def meter(self) -> list[Charge]:
        if self.is_expired:
            text = "No charging followed the reservation: it is priced as an expired one."
            self.notes.append(Note("RESERVATION_EXPIRED", text))
        return super().meter()

    def meter_period(self, period: Period, tariff: PreparedTariff | None) -> None:
        hours = period.volumes.get(RESERVATION_TIME)
        if hours:
            self.add_reservation(period, hours, tariff)
        if is_charging(period):
            super().meter_period(period, tariff)

    def add_reservation(
        self, period: Period, hours: Decimal, tariff: PreparedTariff | None
    ) -> None:
        seconds = to_seconds(hours, period.clock)
        component = None
        if tariff is not None:
            at = self.reservation_moment(period)
            kinds = [RESERVATION_EXPIRES, RESERVATION] if self.is_expired else [RESERVATION]
            for kind in kinds:
                self.add_reservation_flat(kind, period, tariff, at)
                component = component or tariff.pick(kind, TIME, at)
        self.charges.append(
            Charge(period, RESERVATION_TIME, RESERVATION_PART, seconds, tariff, component)
        )

    def reservation_moment(self, period: Period) -> Moment:
        """Durations of a reservation count from its own start."""
        passed = period.start - self.record.periods[0].start
        seconds = Decimal(passed.days * 86400 + passed.seconds)
        return Moment(period, ZERO, seconds, self.zone)

    def add_reservation_flat(
        self, kind: str, period: Period, tariff: PreparedTariff, at: Moment
    ) -> None:
        component = tariff.pick(kind, FLAT, at)
        if component is not None and kind not in self.flats_charged:
            self.flats_charged.add(kind)
            charge = Charge(period, FLAT, RESERVATION_PART, ONCE, tariff, component)
            self.charges.append(charge)


def is_charging(period: Period) -> bool:
    """Whether the car was there in this period: energy, charging or parking, any of it."""
    volumes = period.volumes
    return any(volumes.get(name) for name in (ENERGY, TIME, PARKING_TIME, SESSION_TIME))


def to_seconds(hours: Decimal, clock: Decimal | None) -> Decimal:
    """Hours, sent with four decimals, as seconds: 0.1667 h is 600 s.

    Where they round to what the timestamps of the period say, the timestamps are exact; other
    volumes keep their fraction until the total of the session goes to the nearest second.
    """
    seconds = hours * SECONDS_PER_HOUR
    if clock is not None and -HALF_A_SECOND <= seconds - clock <= HALF_A_SECOND:
        return clock
    return seconds
