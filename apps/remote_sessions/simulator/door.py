"""The simulated operator's HTTP door: OCPI 2.2.1 commands, sessions and CDRs; mood and status."""

import base64
import hmac
import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.remote_sessions.simulator import published, registration
from apps.remote_sessions.simulator.charge import stamp
from apps.remote_sessions.simulator.moods import Mood
from apps.remote_sessions.simulator.operator import SimulatedOperator, wait

BASE = "/ocpi/cpo/2.2.1"
# Within this the eMSP may expect the result.
RESULT_SECONDS = 30


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
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        since = query.get("date_from", "")
        changed = [each for each in objects if each["last_updated"] >= since]
        first = int(query.get("offset", 0))
        return changed[first : first + int(query.get("limit", 1000))]

    def do_PUT(self) -> None:
        """The eMSP's tokens, and its new credentials."""
        self.do_POST()

    def do_DELETE(self) -> None:
        """The eMSP leaves."""
        if not self._is_authorized():
            return self._envelope(2001, None, status=401)
        self.server.operator.config.peer_token = ""
        self._envelope(1000, None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return self._envelope(2001, None, status=400)
        if self.path == "/mood":
            self.server.operator.config.mood = Mood(body["mood"])
            return self._answer(200, self.server.operator.status())
        if not self._is_authorized():
            return self._envelope(2001, None, status=401)
        if self.path.rstrip("/") == f"{BASE}/credentials":
            return self._register(body)
        if self.path.startswith(f"{BASE}/tokens/"):
            return self._envelope(1000, None)
        self._command(body)

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
        result = act(body, how)
        wait(operator.config.pace.answer + how.answer_wait)
        if how.loses_answer:
            self.close_connection = True
            return
        self._envelope(1000, {"result": result, "timeout": RESULT_SECONDS})

    def _is_authorized(self) -> bool:
        token = base64.b64encode(self.server.operator.config.token.encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", ""), f"Token {token}")

    def _envelope(self, code: int, data: Any, *, status: int = 200) -> None:
        content = {"status_code": code, "timestamp": stamp(datetime.now(UTC))}
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


class Server(ThreadingHTTPServer):
    """Carries the operator for its handlers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], operator: SimulatedOperator) -> None:
        super().__init__(address, Door)
        self.operator = operator
        self.own_url = f"http://{address[0]}:{self.server_port}"
