"""The simulated operator's HTTP door: OCPI 2.2.1, and its mood, local limit and status."""

import base64
import hmac
import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from apps.remote_sessions.simulator import catalogue, published, registration
from apps.remote_sessions.simulator.charge import stamp
from apps.remote_sessions.simulator.moods import Manners, Mood
from apps.remote_sessions.simulator.operator import SimulatedOperator, wait
from apps.remote_sessions.simulator.profile import Malformed
from apps.remote_sessions.simulator.smart_charging import NoPreferences, SmartCharging

BASE = "/ocpi/cpo/2.2.1"
# Within this the eMSP may expect the result.
RESULT_SECONDS = 30
PROFILE = re.compile(rf"{BASE}/chargingprofiles/(?P<session>[^/]+)/?")
PREFERENCES = re.compile(rf"{BASE}/sessions/(?P<session>[^/]+)/charging_preferences/?")


class Door(BaseHTTPRequestHandler):
    """One request; the operator hangs on the server."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        operator = self.server.operator
        if self.path == "/status":
            return self._answer(200, operator.status())
        if not self._is_authorized():
            return self._envelope(2001, None, status=401)
        path = self.path.split("?")[0].rstrip("/")
        if found := PROFILE.fullmatch(path):
            return self._profile(self.server.smart.ask, found["session"], self._query())
        lists = {
            f"{BASE}/sessions": operator.sessions, f"{BASE}/cdrs": operator.cdrs,
            f"{BASE}/locations": published.locations, f"{BASE}/tariffs": published.tariffs,
        }  # fmt: skip
        own = self.server.own_url
        objects: dict[str, Any] = {
            "/versions": published.versions(own), BASE: published.details(own),
            f"{BASE}/credentials": published.credentials(own, operator.config.token),
        }  # fmt: skip
        if path in objects:
            return self._envelope(1000, objects[path])
        if path not in lists:
            return self._envelope(2003, None, status=404)
        self._envelope(1000, self._page(lists[path]()))

    def _page(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The part that `offset`, `limit` and `date_from` ask for; one page holds all we have."""
        query = self._query()
        since = query.get("date_from", "")
        changed = [each for each in objects if each["last_updated"] >= since]
        first = int(query.get("offset", 0))
        return changed[first : first + int(query.get("limit", 1000))]

    def do_PUT(self) -> None:
        """The eMSP's tokens, its new credentials, charging profiles and preferences."""
        self.do_POST()

    def do_DELETE(self) -> None:
        """The eMSP takes its charging profile away, or leaves."""
        if not self._is_authorized():
            return self._envelope(2001, None, status=401)
        path = self.path.split("?")[0].rstrip("/")
        if found := PROFILE.fullmatch(path):
            return self._profile(self.server.smart.clear, found["session"], self._query())
        if path != f"{BASE}/credentials":
            return self._envelope(2000, None, status=405)
        self.server.operator.config.peer_token = ""
        self._envelope(1000, None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return self._envelope(2001, None, status=400)
        if not isinstance(body, dict):
            return self._envelope(2001, None, message="The body is no object.")
        if self.path in {"/mood", "/limit"}:
            return self._set_up(body)
        if not self._is_authorized():
            return self._envelope(2001, None, status=401)
        if self.path.rstrip("/") == f"{BASE}/credentials":
            return self._register(body)
        if self.path.startswith(f"{BASE}/tokens/"):
            return self._envelope(1000, None)
        if self.command == "PUT":
            return self._smart(body)
        self._command(body)

    def _set_up(self, body: dict[str, Any]) -> None:
        """How the operator behaves from now on."""
        try:
            if self.path == "/mood":
                self.server.operator.config.mood = Mood(body["mood"])
            else:
                self.server.smart.limit_all(_watt(body["watt"]))
        except (KeyError, TypeError, ValueError, InvalidOperation):
            return self._answer(400, {"error": "Send a known mood, or watt: 0 to 400000, or null."})
        self._answer(200, self.server.operator.status())

    def _smart(self, body: dict[str, Any]) -> None:
        """A charging profile, or what the driver prefers."""
        if found := PROFILE.fullmatch(self.path):
            return self._profile(self.server.smart.set, found["session"], body)
        if found := PREFERENCES.fullmatch(self.path):
            return self._prefer(found["session"], body)
        self._envelope(2003, None, status=404)

    def _profile(self, act: Any, session: str, asked: dict[str, Any]) -> None:
        how = self.server.operator.next_manners()
        try:
            result = act(unquote(session), asked, how)
        except Malformed as error:
            return self._envelope(2001, None, message=str(error))
        self._reply({"result": result, "timeout": RESULT_SECONDS}, how)

    def _prefer(self, session: str, body: dict[str, Any]) -> None:
        """An EVSE that can't is 404 with 2001, as the specification asks."""
        try:
            said = self.server.smart.prefer(unquote(session), body)
        except Malformed as error:
            return self._envelope(2001, None, message=str(error))
        except NoPreferences:
            can_not = "The EVSE does not have the capability CHARGING_PREFERENCES_CAPABLE."
            return self._envelope(2001, None, status=404, message=can_not)
        if said is None:
            return self._envelope(2003, None, status=404, message="The session is not known.")
        self._reply(said, self.server.operator.next_manners())

    def _register(self, body: dict[str, Any]) -> None:
        try:
            ours = registration.accept(
                self.server.operator.config, own=self.server.own_url, theirs=body
            )
        except (registration.RegistrationFailed, KeyError):
            return self._envelope(3001, None)
        self._envelope(1000, ours)

    def _command(self, body: dict[str, Any]) -> None:
        operator = self.server.operator
        acts = {
            f"{BASE}/commands/START_SESSION": operator.start,
            f"{BASE}/commands/STOP_SESSION": operator.stop,
        }
        for name in ("RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR"):
            acts[f"{BASE}/commands/{name}"] = operator.obey
        act = acts.get(self.path)
        if act is None:
            return self._envelope(1000, {"result": "NOT_SUPPORTED", "timeout": RESULT_SECONDS})
        how = operator.next_manners()
        self._reply({"result": act(body, how), "timeout": RESULT_SECONDS}, how)

    def _reply(self, said: Any, how: Manners) -> None:
        """The answer to a request of a station, as the mood has it."""
        wait(self.server.operator.config.pace.answer + how.answer_wait)
        if how.loses_answer:
            self.close_connection = True
            return
        self._envelope(1000, said)

    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def _is_authorized(self) -> bool:
        token = base64.b64encode(self.server.operator.config.token.encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", ""), f"Token {token}")

    def _envelope(self, code: int, data: Any, *, status: int = 200, message: str = "") -> None:
        content: dict[str, Any] = {"status_code": code, "timestamp": stamp(datetime.now(UTC))}
        if message:
            content["status_message"] = message
        self._answer(status, content if data is None else {**content, "data": data})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The command prints what matters."""


def _watt(said: Any) -> Decimal | None:
    watt = None if said is None else Decimal(str(said))
    if watt is not None and not 0 <= watt <= catalogue.MAX_POWER_WATT:
        raise ValueError(said)
    return watt


class Server(ThreadingHTTPServer):
    """Carries the operator for its handlers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], operator: SimulatedOperator) -> None:
        super().__init__(address, Door)
        self.operator = operator
        self.smart = SmartCharging(operator)
        self.own_url = f"http://{address[0]}:{self.server_port}"
