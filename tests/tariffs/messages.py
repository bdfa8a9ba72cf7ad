"""OCPI messages for the tests of pricing, as short as they may be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.priced import PricedCdr
from apps.tariffs.pricing import price_cdr

Json = dict[str, Any]


def component(kind: str, price: str, *, vat: str | None = None, step: int = 1, **more: Any) -> Json:
    """A price component; without a VAT the field is absent."""
    told = {} if vat is None else {"vat": Decimal(vat)}
    return {"type": kind, "price": Decimal(price), "step_size": step, **told, **more}


def element(*components: Json, **restrictions: Any) -> Json:
    """An element of a tariff."""
    told = {"restrictions": restrictions} if restrictions else {}
    return {"price_components": list(components), **told}


def tariff(*elements: Json, **fields: Any) -> Json:
    """A tariff in EUR with the id 12."""
    return {"id": "12", "currency": "EUR", "elements": list(elements), **fields}


def flat_tariff(*components: Json, **fields: Any) -> Json:
    """A tariff of one element without restrictions."""
    return tariff(element(*components), **fields)


class Session:
    """Builds a CDR period by period; times in minutes are written with four decimals of an hour."""

    def __init__(self, start: str = "2024-03-13T09:00:00Z", **fields: Any) -> None:
        self.start = self.clock = datetime.fromisoformat(start).astimezone(UTC)
        self.periods: list[Json] = []
        self.fields = fields

    def period(self, minutes: float, *, tariff_id: str | None = None, **volumes: Any) -> "Session":
        """Adds a period of so many minutes; volumes of None are as long as the period."""
        hours = f"{minutes / 60:.4f}"
        dimensions = [
            {"type": name, "volume": hours if volume is None else volume}
            for name, volume in volumes.items()
        ]
        period = {"start_date_time": _stamp(self.clock), "dimensions": dimensions}
        if tariff_id:
            period["tariff_id"] = tariff_id
        self.periods.append(period)
        self.clock += timedelta(minutes=minutes)
        return self

    def charge(self, minutes: float, kwh: object = None, **volumes: Any) -> "Session":
        """Adds a period of charging."""
        energy = {} if kwh is None else {"ENERGY": kwh}
        return self.period(minutes, TIME=None, **energy, **volumes)

    def park(self, minutes: float, **volumes: Any) -> "Session":
        """Adds a period of parking."""
        return self.period(minutes, PARKING_TIME=None, **volumes)

    def reserve(self, minutes: float) -> "Session":
        """Adds a period of reservation."""
        return self.period(minutes, RESERVATION_TIME=None)

    def cdr(self) -> Json:
        return {
            "id": "cdr-1",
            "currency": "EUR",
            "start_date_time": _stamp(self.start),
            "end_date_time": _stamp(self.clock),
            "cdr_location": {"country": "NLD"},
            "charging_periods": self.periods,
            **self.fields,
        }

    def price(self, tariff: Json | None, *, version: str = "2.2.1", zone: str = "UTC") -> PricedCdr:
        """Prices the session by a tariff given beside the CDR."""
        tariffs = [] if tariff is None else [prepare_tariff(tariff, version=version)]
        return price_cdr(self.cdr(), version=version, tariffs=tariffs, time_zone=zone)


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def euro(excl: str, incl: str | None = None) -> tuple[Decimal | None, Decimal | None]:
    """An expected amount: with one side only, both are the same."""
    return Decimal(excl), Decimal(excl if incl is None else incl)
