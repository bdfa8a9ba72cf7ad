"""One charge at a simulated station, and how OCPI 2.2.1 tells it (mod_sessions, mod_cdrs)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.profile import Profile, tell_active

_CENT = Decimal("0.01")
_WATT_PER_KWH_A_SECOND = 3_600_000


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds for a charge from a moment on, until the next stage."""

    since: datetime
    tariff_id: str = catalogue.REGULAR
    profile: Profile | None = None
    local_watt: Decimal | None = None

    def limit_at(self, moment: datetime) -> Decimal:
        """The most that the station gives, in W."""
        limits = [self.profile.limit_at(moment) if self.profile else None, self.local_watt]
        most = Decimal(catalogue.MAX_POWER_WATT)
        return min([most, *(limit for limit in limits if limit is not None)])

    def moments(self) -> list[datetime]:
        return self.profile.moments() if self.profile else []


@dataclass(slots=True)
class Charge:
    """Time is real; `kwh_per_second` is what makes a demo of a minute look like half an hour."""

    id: str
    token: dict[str, Any]
    authorization_reference: str | None
    location: dict[str, Any]
    evse: str
    connector_id: str
    kwh_per_second: Decimal
    started_at: datetime
    ended_at: datetime | None = None
    stopping: bool = field(default=False)
    # A station does one thing after the other.
    is_asked: bool = field(default=False)
    stages: list[Stage] = field(init=False)

    def __post_init__(self) -> None:
        self.stages = [Stage(self.started_at)]

    @property
    def evse_uid(self) -> str:
        return catalogue.evse_uid(self.location, self.evse)

    @property
    def had_profile(self) -> bool:
        return any(stage.profile for stage in self.stages)

    def change(self, at: datetime, **what: Any) -> None:
        """Begin a stage, which differs from the last by `what`."""
        self.stages.append(replace(self.stages[-1], since=at, **what))

    def kwh(self, at: datetime) -> Decimal:
        """Energy until `at` (or the end), in kWh to the Wh."""
        until = min(at, self.ended_at) if self.ended_at else at
        planned = {moment for stage in self.stages for moment in stage.moments()}
        marks = {self.started_at, until, *planned, *(stage.since for stage in self.stages)}
        within = sorted(mark for mark in marks if self.started_at <= mark <= until)
        energy = sum(
            (self._kwh_per_second(first) * Decimal((last - first).total_seconds())
             for first, last in pairwise(within)), Decimal(0),
        )  # fmt: skip
        return energy.quantize(Decimal("0.001"))

    def active_profile(self, *, at: datetime, seconds: int) -> dict[str, Any]:
        """ActiveChargingProfile of the next `seconds`; without a profile the station's most."""
        stage = self.stages[-1]
        return tell_active(stage.limit_at, stage.moments(), at=at, seconds=seconds, stamp=stamp(at))

    def _kwh_per_second(self, moment: datetime) -> Decimal:
        stage = [each for each in self.stages if each.since <= moment][-1]
        return min(self.kwh_per_second, stage.limit_at(moment) / _WATT_PER_KWH_A_SECOND)

    def session(self, status: str, *, at: datetime) -> dict[str, Any]:
        """The Session object as it is at that moment."""
        session = {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY, "id": self.id,
            "start_date_time": stamp(self.started_at), "kwh": float(self.kwh(at)),
            "cdr_token": self._cdr_token(), "auth_method": "COMMAND",
            "authorization_reference": self.authorization_reference,
            "location_id": self.location["id"], "evse_uid": self.evse_uid,
            "connector_id": self.connector_id, "currency": "EUR",
            "charging_periods": self._periods(at), "total_cost": self._cost(at),
            "status": status, "last_updated": stamp(at),
        }  # fmt: skip
        if self.ended_at is not None:
            session["end_date_time"] = stamp(self.ended_at)
        return {key: value for key, value in session.items() if value is not None}

    def cdr(self) -> dict[str, Any]:
        """The CDR object; only when it has ended."""
        assert self.ended_at is not None  # noqa: S101 - a running charge has no CDR
        hours = Decimal((self.ended_at - self.started_at).total_seconds()) / 3600
        cdr = {
            "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY,
            "id": f"CDR-{self.id}", "start_date_time": stamp(self.started_at),
            "end_date_time": stamp(self.ended_at), "session_id": self.id,
            "cdr_token": self._cdr_token(), "auth_method": "COMMAND",
            "authorization_reference": self.authorization_reference,
            "cdr_location": self._cdr_location(), "currency": "EUR",
            "tariffs": [tariff(each, self.started_at) for each in self._tariff_ids()],
            "charging_periods": self._periods(self.ended_at),
            "total_cost": self._cost(self.ended_at), "total_energy": float(self.kwh(self.ended_at)),
            "total_time": float(hours.quantize(Decimal("0.0001"))),
            "last_updated": stamp(self.ended_at),
        }  # fmt: skip
        return {key: value for key, value in cdr.items() if value is not None}

    def _cdr_token(self) -> dict[str, Any]:
        wanted = ("country_code", "party_id", "uid", "type", "contract_id")
        return {name: self.token[name] for name in wanted if name in self.token}

    def _cdr_location(self) -> dict[str, Any]:
        named = ("id", "name", "address", "city", "postal_code", "country", "coordinates")
        return {
            **{name: self.location[name] for name in named},
            "evse_uid": self.evse_uid, "evse_id": catalogue.evse_id(self.evse),
            "connector_id": self.connector_id,
            **{f"connector_{name}": value for name, value in catalogue.CONNECTOR.items()},
        }  # fmt: skip

    def _tariff_ids(self) -> list[str]:
        return list(dict.fromkeys(tariff_id for _, tariff_id in self._switches()))

    def _switches(self) -> list[tuple[datetime, str]]:
        """When which tariff took over."""
        switches: list[tuple[datetime, str]] = []
        for stage in self.stages:
            if not switches or switches[-1][1] != stage.tariff_id:
                switches.append((stage.since, stage.tariff_id))
        return switches

    def _shares(self, at: datetime) -> list[tuple[datetime, str, Decimal]]:
        """From when, by which tariff, how many kWh."""
        switches = self._switches()
        until = [*(since for since, _ in switches[1:]), at]
        total = [Decimal(0), *(self.kwh(moment) for moment in until)]
        energy = [after - before for before, after in pairwise(total)]
        return [(*switch, kwh) for switch, kwh in zip(switches, energy, strict=True)]

    def _periods(self, at: datetime) -> list[dict[str, Any]]:
        return [
            {
                "start_date_time": stamp(since), "tariff_id": tariff_id,
                "dimensions": [{"type": "ENERGY", "volume": float(kwh)}],
            }
            for since, tariff_id, kwh in self._shares(at)
        ]  # fmt: skip

    def _cost(self, at: datetime) -> dict[str, float]:
        shares = self._shares(at)
        net = sum((kwh * Decimal(catalogue.PRICES[each]) for _, each, kwh in shares), Decimal(0))
        net = net.quantize(_CENT, ROUND_HALF_UP)
        gross = net * (1 + Decimal(catalogue.VAT_PERCENT) / 100)
        return {
            "excl_vat": float(net),
            "incl_vat": float(gross.quantize(_CENT, ROUND_HALF_UP)),
        }


def tariff(tariff_id: str, last_updated: datetime) -> dict[str, Any]:
    """One of the operator's tariffs: energy by the kWh."""
    component = {
        "type": "ENERGY", "price": float(catalogue.PRICES[tariff_id]),
        "vat": float(catalogue.VAT_PERCENT), "step_size": 1,
    }  # fmt: skip
    return {
        "country_code": catalogue.COUNTRY, "party_id": catalogue.PARTY, "id": tariff_id,
        "currency": "EUR", "elements": [{"price_components": [component]}],
        "last_updated": stamp(last_updated),
    }  # fmt: skip


def stamp(moment: datetime) -> str:
    """OCPI's DateTime: UTC with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
