"""What the simulated operator does with commands: stations begin, charge, end, and send bills."""

import base64
import itertools
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.remote_sessions.simulator import catalogue
from apps.remote_sessions.simulator.charge import Charge
from apps.remote_sessions.simulator.deliveries import Deliveries, Message
from apps.remote_sessions.simulator.moods import Manners, Mood, Pace, manners


@dataclass(slots=True)
class Config:
    """Where we report to, how fast, and in which mood.

    `token` is what others present to us; until there is a registration we present it too, then
    `peer_token`, and `endpoints` are the eMSP's.
    """

    sessions_url: str
    cdrs_url: str
    token: str
    mood: Mood = Mood.NORMAL
    pace: Pace = field(default_factory=Pace)
    kwh_per_second: Decimal = Decimal("0.1")
    seed: int | None = None
    peer_token: str = ""
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)


class SimulatedOperator:
    """Thread-safe: the HTTP door calls it from many threads."""

    def __init__(self, config: Config, deliveries: Deliveries) -> None:
        self.config = config
        self._deliveries = deliveries
        self._dice = random.Random(config.seed)
        self._lock = threading.Lock()
        self._charges: dict[str, tuple[Charge, Manners]] = {}
        self._local_watt: Decimal | None = None
        self._numbers = itertools.count(1)
        self._run = uuid.uuid4().hex[:6].upper()
        self.counts = {"starts": 0, "stops": 0, "charges": 0, "cdrs": 0}

    def next_manners(self) -> Manners:
        with self._lock:
            return manners(self.config.mood, self.config.pace, self._dice)

    def start(self, command: dict[str, Any], how: Manners) -> str:
        """START_SESSION: the CommandResponseType; the station goes on by itself."""
        self.counts["starts"] += 1
        found = catalogue.find(command.get("location_id", ""), command.get("evse_uid") or "")
        if found is None or how.refuses_at_once:
            return "REJECTED"
        if how.refuses_later:
            self._result(command, self._dice.choice(("EVSE_OCCUPIED", "FAILED")), how)
            return "ACCEPTED"
        if not how.loses_result:
            self._result(command, "ACCEPTED", how)
        self.later(self.config.pace.begin, self._begin, command, *found, how)
        return "ACCEPTED"

    def stop(self, command: dict[str, Any], how: Manners) -> str:
        """STOP_SESSION: the CommandResponseType."""
        self.counts["stops"] += 1
        with self._lock:
            charge, _ = self._charges.get(command.get("session_id", ""), (None, None))
            if charge is None or charge.ended_at is not None:
                return "UNKNOWN_SESSION"
            if how.refuses_at_once:
                return "REJECTED"
            charge.stopping = True
        if not how.loses_result:
            self._result(command, "ACCEPTED", how)
        self.later(self.config.pace.end, self._end, charge.id)
        return "ACCEPTED"

    def obey(self, command: dict[str, Any], how: Manners) -> str:
        """Reservations and unlocking: the station does as it is told, which changes nothing."""
        if how.refuses_at_once:
            return "REJECTED"
        if not how.loses_result:
            self._result(command, "FAILED" if how.refuses_later else "ACCEPTED", how)
        return "ACCEPTED"

    def running(self, session_id: str) -> Charge | None:
        """The charge of that id, in any case, if it goes on."""
        charge, _ = self._charges.get(session_id.upper(), (None, None))
        return charge if charge is not None and charge.ended_at is None else None

    def take_turn(self, charge: Charge) -> bool:
        """False while the station still works on what it was asked before."""
        with self._lock:
            is_free, charge.is_asked = not charge.is_asked, True
        return is_free

    def limit(self, watt: Decimal | None) -> list[Charge]:
        """A local limit (W) for all stations; the charges that it changes."""
        now = datetime.now(UTC)
        with self._lock:
            self._local_watt = watt
            changed = [c for c, _ in self._charges.values() if c.ended_at is None]
            for charge in changed:
                charge.change(now, local_watt=watt)
        return changed

    def status(self) -> dict[str, Any]:
        running = sum(1 for charge, _ in self._charges.values() if charge.ended_at is None)
        limit = None if self._local_watt is None else float(self._local_watt)
        return {
            "mood": self.config.mood, "limit_watt": limit, "running": running, **self.counts,
            "messages": {"waiting": self._deliveries.waiting, "sent": self._deliveries.sent,
                         "lost": self._deliveries.lost},
        }  # fmt: skip

    def sessions(self) -> list[dict[str, Any]]:
        """All charges as Session objects, for who pulls."""
        now = datetime.now(UTC)
        with self._lock:
            known = [charge for charge, _ in self._charges.values()]
        return [c.session("COMPLETED" if c.ended_at else "ACTIVE", at=now) for c in known]

    def cdrs(self) -> list[dict[str, Any]]:
        """All bills, for who pulls."""
        with self._lock:
            return [charge.cdr() for charge, _ in self._charges.values() if charge.ended_at]

    def _begin(
        self, command: dict[str, Any], location: dict[str, Any], evse: str, how: Manners
    ) -> None:
        charge = Charge(
            id=f"SIM-{self._run}-{next(self._numbers)}", token=command["token"],
            authorization_reference=command.get("authorization_reference"), location=location,
            evse=evse, connector_id=command.get("connector_id") or "1",
            kwh_per_second=self.config.kwh_per_second, started_at=datetime.now(UTC),
        )  # fmt: skip
        with self._lock:
            charge.change(charge.started_at, local_watt=self._local_watt)
            self._charges[charge.id] = (charge, how)
            self.counts["charges"] += 1
        self._push_session(charge, "ACTIVE", how)
        self.later(self.config.pace.update, self._tick, charge.id)
        self.later(self.config.pace.longest_charge, self._end, charge.id)

    def _tick(self, charge_id: str) -> None:
        charge, how = self._charges[charge_id]
        if charge.ended_at is not None:
            return
        self._push_session(charge, "ACTIVE", how)
        self.later(self.config.pace.update, self._tick, charge_id)

    def _end(self, charge_id: str) -> None:
        with self._lock:
            charge, how = self._charges[charge_id]
            if charge.ended_at is not None:
                return
            charge.ended_at = datetime.now(UTC)
            self.counts["cdrs"] += 1
        self._push_session(charge, "COMPLETED", how)
        bill = Message("POST", self.config.cdrs_url, charge.cdr(), self.headers(), tries=10_000)
        self.push(bill, how, after=self.config.pace.cdr)

    def _push_session(self, charge: Charge, status: str, how: Manners) -> None:
        if how.loses_sessions and self._dice.random() < 0.5:
            return
        url = f"{self.config.sessions_url}/{catalogue.COUNTRY}/{catalogue.PARTY}/{charge.id}"
        body = charge.session(status, at=datetime.now(UTC))
        self.push(Message("PUT", url, body, self.headers()), how)

    def _result(self, command: dict[str, Any], result: str, how: Manners) -> None:
        message = Message(
            "POST", command["response_url"], {"result": result}, self.headers(), tries=5
        )
        self.push(message, how, after=self.config.pace.result)

    def push(self, message: Message, how: Manners, *, after: float = 0.0) -> None:
        for _ in range(how.copies):
            wait = after + how.push_wait + self._dice.random() * how.shuffle
            self._deliveries.send(message, after=wait)

    def headers(self) -> dict[str, str]:
        token = self.config.peer_token or self.config.token
        return {
            "Authorization": "Token " + base64.b64encode(token.encode()).decode(),
            "X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4()),
        }  # fmt: skip

    def later(self, seconds: float, action: Any, *args: Any) -> None:
        timer = threading.Timer(seconds, action, args)
        timer.daemon = True
        timer.start()


def wait(seconds: float) -> None:
    """The time a slow answer takes."""
    time.sleep(seconds)
