"""Charging profiles and preferences of the simulated operator's charges.

OCPI 2.2.1 mod_charging_profiles (Receiver) and mod_sessions (Set: Charging Preferences).
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.charge import Charge
from apps.remote_sessions.simulator.deliveries import Message
from apps.remote_sessions.simulator.moods import Manners
from apps.remote_sessions.simulator.operator import SimulatedOperator
from apps.remote_sessions.simulator.profile import Malformed, Profile, read_profile, read_time

# What is told of by itself; the specification advises five to sixty minutes.
PUSHED_SECONDS = 900
MOST_SECONDS = 24 * 3600


class NoPreferences(Exception):
    """The EVSE has not the capability CHARGING_PREFERENCES_CAPABLE."""


class SmartCharging:
    """What can be asked for of a charge that goes on. The answer comes at once, the result later.

    All raise Malformed.
    """

    def __init__(self, operator: SimulatedOperator) -> None:
        self._operator = operator

    def set(self, session_id: str, body: dict[str, Any], how: Manners) -> str:
        """SetChargingProfile: the ChargingProfileResponseType."""
        url = _response_url(body.get("response_url"))
        charge = self._operator.running(session_id)
        # Form first: what can't be read is wrong for any session.
        started_at = charge.started_at if charge else datetime.now(UTC)
        profile = read_profile(body.get("charging_profile"), charge_started_at=started_at)
        return self._accept(charge, how, self._set, url, profile)

    def ask(self, session_id: str, query: dict[str, str], how: Manners) -> str:
        """The active profile; it comes as the result."""
        url = _response_url(query.get("response_url"))
        duration = query.get("duration", "")
        if not duration.isascii() or not duration.isdigit():
            raise Malformed("duration is a number of seconds.")
        seconds = min(int(duration[:9]), MOST_SECONDS)
        return self._accept(self._operator.running(session_id), how, self._ask, url, seconds)

    def clear(self, session_id: str, query: dict[str, str], how: Manners) -> str:
        """Take the profile away."""
        url = _response_url(query.get("response_url"))
        return self._accept(self._operator.running(session_id), how, self._clear, url)

    def prefer(self, session_id: str, body: dict[str, Any]) -> str | None:
        """ChargingPreferences: the ChargingPreferencesResponse; None for an unknown session.

        Raises NoPreferences.
        """
        wish = _read_preferences(body)
        charge = self._operator.running(session_id)
        if charge is None:
            return None
        if not charge.location["asks_driver"]:
            raise NoPreferences
        refusal = _refusal(charge, **wish, now=datetime.now(UTC))
        if refusal is None:
            tariff_id, _ = catalogue.TARIFF_OF[wish["profile_type"]]
            charge.change(datetime.now(UTC), tariff_id=tariff_id)
        return refusal or "ACCEPTED"

    def limit_all(self, watt: Decimal | None) -> None:
        """A local limit of the grid's connection, which each station obeys at once; None: none."""
        for charge in self._operator.limit(watt):
            self._tell(charge)

    def _accept(self, charge: Charge | None, how: Manners, work: Any, url: str, *args: Any) -> str:
        if charge is None:
            return "UNKNOWN_SESSION"
        if how.refuses_at_once:
            return "REJECTED"
        if not self._operator.take_turn(charge):
            return "TOO_OFTEN"
        pace = self._operator.config.pace
        self._operator.later(pace.result, self._work, charge, how, work, url, args)
        return "ACCEPTED"

    def _work(
        self, charge: Charge, how: Manners, work: Any, url: str, args: tuple[Any, ...]
    ) -> None:
        """At the station: the result, and what it plans from now on."""
        refused = how.refuses_later or charge.ended_at is not None
        result = {"result": "REJECTED"} if refused else work(charge, *args)
        charge.is_asked = False
        if not how.loses_result:
            message = Message("POST", url, result, self._operator.headers(), tries=5)
            self._operator.push(message, how)
        if work != self._ask and result["result"] == "ACCEPTED":
            self._tell(charge)

    def _set(self, charge: Charge, profile: Profile) -> dict[str, Any]:
        charge.change(datetime.now(UTC), profile=profile)
        return {"result": "ACCEPTED"}

    def _ask(self, charge: Charge, seconds: int) -> dict[str, Any]:
        profile = charge.active_profile(at=datetime.now(UTC), seconds=seconds)
        return {"result": "ACCEPTED", "profile": profile}

    def _clear(self, charge: Charge) -> dict[str, Any]:
        if charge.stages[-1].profile is None:
            return {"result": "UNKNOWN"}
        charge.change(datetime.now(UTC), profile=None)
        return {"result": "ACCEPTED"}

    def _tell(self, charge: Charge) -> None:
        """PUT the ActiveChargingProfile to an eMSP that has set one, and none else."""
        config = self._operator.config
        base = config.endpoints.get(("chargingprofiles", "SENDER"))
        if base is None or not charge.had_profile:
            return
        body = charge.active_profile(at=datetime.now(UTC), seconds=PUSHED_SECONDS)
        url = f"{base.rstrip('/')}/{charge.id}"
        message = Message("PUT", url, body, self._operator.headers(), tries=5)
        self._operator.push(message, Manners(), after=config.pace.answer)


def _response_url(text: Any) -> str:
    if not isinstance(text, str) or not text.startswith(("http://", "https://")):
        raise Malformed("response_url is missing.")
    return text


def _read_preferences(body: dict[str, Any]) -> dict[str, Any]:
    kind, departure, need = (
        body.get(name) for name in ("profile_type", "departure_time", "energy_need")
    )
    if kind not in {"CHEAP", "FAST", "GREEN", "REGULAR"}:
        raise Malformed("profile_type is missing.")
    try:
        return {
            "profile_type": kind,
            "departure": read_time(departure) if departure else None,
            "kwh": None if need is None else Decimal(str(need)),
        }
    except (TypeError, ValueError, InvalidOperation):
        raise Malformed("departure_time is a DateTime, energy_need a number.") from None


def _refusal(
    charge: Charge, *, profile_type: str, departure: datetime | None, kwh: Decimal | None,
    now: datetime,
) -> str | None:  # fmt: skip
    """Why the preferences can't be followed: cheap needs to know by when and how much."""
    if profile_type not in catalogue.TARIFF_OF:
        return "PROFILE_TYPE_NOT_SUPPORTED"
    if profile_type == "CHEAP" and departure is None:
        return "DEPARTURE_REQUIRED"
    if profile_type == "CHEAP" and kwh is None:
        return "ENERGY_NEED_REQUIRED"
    if departure is None:
        return None
    seconds = Decimal((departure - now).total_seconds())
    possible = seconds > 0 and (kwh or 0) <= seconds * charge.kwh_per_second
    return None if possible else "NOT_POSSIBLE"
