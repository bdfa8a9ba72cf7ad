"""The CDRs of the demo: each day has its own, always the same ones. Pure."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.cdrs.messages import CdrMessage, Price
from apps.demo.providers import DemoCustomer
from apps.demo.stations import DemoPoint, DemoStation

_MONEY = Decimal("0.0001")
_ENERGY = Decimal("0.001")
# How often people charge, Monday to Sunday.
_WEEK: Final = (1.0, 1.05, 1.0, 1.1, 1.25, 0.8, 0.65)
# Where people charge: at home, in a country where their provider is registered, anywhere.
_AT_HOME: Final = 0.87
_NEARBY: Final = 0.985
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as it happened; the CDR tells of it."""

    customer: DemoCustomer
    point: DemoPoint
    started_at: datetime
    ended_at: datetime
    kwh: Decimal

    @property
    def cost(self) -> Decimal:
        """Excluding VAT, in the operator's currency, with four decimals as OCPI has it."""
        return self.energy_cost + self.point.station.operator.session_fee

    @property
    def energy_cost(self) -> Decimal:
        return (self.kwh * self.point.price).quantize(_MONEY, ROUND_HALF_UP)


def charges_of_day(
    *,
    day: date,
    provider: str,
    customers: Sequence[DemoCustomer],
    stations: Sequence[DemoStation],
    nearby: Collection[str],
    average: float,
) -> Iterator[CdrMessage]:
    """The CDRs of a provider's drivers that began on this day, `average` of them on a weekday.

    `nearby` are the countries that the drivers often go to.
    """
    chance = Random(f"{provider} {day}")
    wanted = round(average * _WEEK[day.weekday()] * chance.uniform(0.85, 1.15))
    charges = [_charge(chance, day, customers, stations, nearby) for _ in range(wanted)]
    free_from: dict[str, datetime] = {}
    for number, charge in enumerate(sorted(charges, key=lambda charge: charge.started_at)):
        point, card = charge.point.uid, charge.customer.uid
        if all(charge.started_at >= free_from.get(what, _NEVER) for what in (point, card)):
            free_from[point] = free_from[card] = charge.ended_at
            yield cdr_of(charge, f"{provider[:3].upper()}-{day:%Y%m%d}-{number:03}")


def _charge(
    chance: Random,
    day: date,
    customers: Sequence[DemoCustomer],
    stations: Sequence[DemoStation],
    nearby: Collection[str],
) -> Charge:
    customer = chance.choices(customers, [c.activity for c in customers])[0]
    countries = _countries(chance, customer, nearby)
    station = chance.choice([s for s in stations if not countries or s.country in countries])
    point = chance.choice(list(station.points()))
    hour = min(max(chance.gauss(8.5 if chance.random() < 0.55 else 17.5, 2.2), 0), 23.5)
    zone = ZoneInfo(station.time_zone)
    began = datetime.combine(day, time(), zone) + timedelta(seconds=int(hour * 3600))
    began = began.astimezone(UTC)
    kwh = Decimal(chance.uniform(14, 62) if point.is_fast else chance.uniform(4, 38))
    power = chance.uniform(55, 110) if point.is_fast else chance.uniform(6.5, 10.8)
    seconds = int(float(kwh) / power * 3600) + chance.randint(60, 900)
    return Charge(customer, point, began, began + timedelta(seconds=seconds), kwh.quantize(_ENERGY))


def _countries(chance: Random, customer: DemoCustomer, nearby: Collection[str]) -> Collection[str]:
    """Where the customer charges this time; empty: anywhere."""
    draw = chance.random()
    if draw < _AT_HOME:
        return (customer.town.country,)
    return nearby if draw < _NEARBY else ()


def cdr_of(charge: Charge, cdr_id: str) -> CdrMessage:
    """The CDR that the operator sends about a charge."""
    station, operator = charge.point.station, charge.point.station.operator
    message = CdrMessage(
        country_code=operator.country_code,
        party_id=operator.party_id,
        cdr_id=cdr_id,
        session_id=f"S-{cdr_id}",
        contract_id=charge.customer.contract_id,
        token_uid=charge.customer.uid,
        location_id=station.location_id,
        location_name=station.name,
        location_country=station.country,
        location_postcode=station.postcode,
        location_time_zone=station.time_zone,
        evse_uid=charge.point.uid,
        evse_id=charge.point.evse_id,
        connector_id="1",
        power_type=charge.point.power_type,
        started_at=charge.started_at,
        ended_at=charge.ended_at,
        currency=operator.currency,
        kwh=charge.kwh,
        total_cost=_price(charge.cost, operator.vat_rate),
        energy_cost=_price(charge.energy_cost, operator.vat_rate),
        fixed_cost=_price(operator.session_fee, operator.vat_rate),
        charging_periods=[_period(charge)],
        tariffs=[tariff_of(charge.point)],
    )
    return replace(message, raw=_as_sent(message))


def _price(excl_vat: Decimal, vat_rate: Decimal) -> Price:
    incl_vat = (excl_vat * (100 + vat_rate) / 100).quantize(_MONEY, ROUND_HALF_UP)
    return Price(excl_vat, incl_vat)


def _period(charge: Charge) -> dict[str, Any]:
    hours = Decimal((charge.ended_at - charge.started_at).total_seconds()) / 3600
    return {
        "start_date_time": _utc(charge.started_at),
        "dimensions": [
            {"type": "ENERGY", "volume": str(charge.kwh)},
            {"type": "TIME", "volume": str(hours.quantize(_MONEY))},
        ],
    }


def tariff_of(point: DemoPoint) -> dict[str, Any]:
    """The operator's tariff at this EVSE, as OCPI 2.2.1 writes it."""
    operator = point.station.operator
    components = [{"type": "ENERGY", "price": str(point.price), "step_size": 1}]
    if operator.session_fee:
        components.append({"type": "FLAT", "price": str(operator.session_fee), "step_size": 1})
    return {
        "country_code": operator.country_code,
        "party_id": operator.party_id,
        "id": f"{operator.party_id}-{'DC' if point.is_fast else 'AC'}",
        "currency": operator.currency,
        "elements": [
            {
                "price_components": [
                    {**component, "vat": str(operator.vat_rate)} for component in components
                ]
            }
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    }


def _as_sent(message: CdrMessage) -> str:
    """The message as the operator's system would have written it."""
    cost = message.total_cost
    return json.dumps(
        {
            "country_code": message.country_code,
            "party_id": message.party_id,
            "id": message.cdr_id,
            "start_date_time": _utc(message.started_at),
            "end_date_time": _utc(message.ended_at),
            "session_id": message.session_id,
            "cdr_token": {"uid": message.token_uid, "contract_id": message.contract_id},
            "cdr_location": {"id": message.location_id, "evse_id": message.evse_id},
            "currency": message.currency,
            "total_energy": str(message.kwh),
            "total_cost": {"excl_vat": str(cost.excl_vat), "incl_vat": str(cost.incl_vat)},
        },
        ensure_ascii=False,
    )


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
