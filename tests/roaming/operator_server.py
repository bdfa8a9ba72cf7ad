"""An operator's OCPI server for tests: plain http.server, sharing nothing with the application."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STAMP = "2026-05-01T12:00:00Z"


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class OperatorServer:
    """What it holds, what it saw, and how it behaves.

    `faults` are answered first, one per request: (HTTP status, body or None for an envelope).
    """

    version: str = "2.2.1"
    tokens: set[str] = field(default_factory=lambda: {"token-a"})
    lists: dict[str, list[Any]] = field(default_factory=dict)
    page: int = 10
    faults: list[tuple[int, str | None]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    credentials: Any = None
    command_answer: dict[str, Any] = field(
        default_factory=lambda: {"result": "ACCEPTED", "timeout": 30}
    )
    next_link: str = ""
    drop: bool = False
    refuses_credentials: bool = False
    # How it reads tokens: "plain", "base64", or both.
    reads: str = ""
    # Versions that it offers beside its own.
    also_offers: tuple[str, ...] = ()
    retry_after: str = ""
    base: str = ""
    roles: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "role": "CPO", "country_code": "NL", "party_id": "CPO",
                "business_details": {"name": "Test operator"},
            }
        ]
    )  # fmt: skip

    def details(self) -> dict[str, Any]:
        senders = ["credentials", "locations", "sessions", "cdrs", "tariffs"]
        entries = [(name, "SENDER") for name in senders]
        entries += [
            ("tokens", "RECEIVER"),
            ("commands", "RECEIVER"),
            ("chargingprofiles", "RECEIVER"),
        ]
        return {
            "version": self.version,
            "endpoints": [
                {"identifier": name, "role": role, "url": f"{self.base}/{self.version}/{name}"}
                for name, role in entries
            ],
        }

    def own_credentials(self, token: str) -> dict[str, Any]:
        url = f"{self.base}/versions"
        if self.version == "2.1.1":
            only = {name: value for name, value in self.roles[0].items() if name != "role"}
            return {"token": token, "url": url, **only}
        return {"token": token, "url": url, "roles": self.roles}

    def answer(self, request: Seen) -> tuple[int, dict[str, str], Any]:
        """Status, headers and data."""
        parts = request.path.strip("/").split("/")
        if parts == ["versions"]:
            offered = (self.version, *self.also_offers)
            return 200, {}, [{"version": v, "url": f"{self.base}/{v}"} for v in offered]
        if len(parts) == 1:
            return 200, {}, self.details()
        module = parts[1]
        if module == "credentials":
            return self._register(request)
        if module == "commands" or module == "chargingprofiles":
            return 200, {}, self.command_answer
        if request.method == "GET" and module in self.lists:
            return self._list(module, request.query)
        return 200, {}, None

    def _register(self, request: Seen) -> tuple[int, dict[str, str], Any]:
        if request.method == "DELETE":
            self.tokens.clear()
            return 200, {}, None
        if request.method == "GET":
            return 200, {}, self.own_credentials("hidden")
        if self.refuses_credentials:
            return 400, {}, None
        self.credentials = request.body
        self.tokens = {"token-c"}
        return 200, {}, self.own_credentials("token-c")

    def _list(self, module: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        since = query.get("date_from", "")
        objects = [
            each
            for each in self.lists[module]
            if not isinstance(each, dict) or each.get("last_updated", "~") >= since
        ]
        offset = int(query.get("offset", 0))
        limit = min(int(query.get("limit", self.page)), self.page)
        headers = {"X-Total-Count": str(len(objects)), "X-Limit": str(self.page)}
        following = offset + limit
        if following < len(objects):
            url = f"{self.base}/{self.version}/{module}?offset={following}&limit={limit}"
            url += f"&date_from={since}" if since else ""
            headers["Link"] = self.next_link or f'<{url}>; rel="next"'
        return 200, headers, objects[offset:following]


def _handler(server: OperatorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length).decode()
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, url.path, query, headers, json.loads(text) if text else None)
            server.seen.append(seen)
            if server.drop:
                self.close_connection = True
                return
            if server.faults:
                code, body = server.faults.pop(0)
                text = self._envelope(None, 2000) if body is None else body
                return self._write(code, {}, text)
            if not server.tokens & set(self._tokens(headers)):
                return self._write(401, {}, self._envelope(None, 2000))
            code, extra, data = server.answer(seen)
            self._write(code, extra, self._envelope(data, 1000))

        def _tokens(self, headers: dict[str, str]) -> list[str]:
            value = headers.get("authorization", "").removeprefix("Token ")
            try:
                read = {"plain": value, "base64": base64.b64decode(value, validate=True).decode()}
            except ValueError:
                read = {"plain": value}
            return [text for how, text in read.items() if server.reads in ("", how)]

        def _envelope(self, data: Any, code: int) -> str:
            return json.dumps({"data": data, "status_code": code, "timestamp": STAMP})

        def _write(self, code: int, headers: dict[str, str], text: str) -> None:
            body = text.encode()
            self.send_response(code)
            if server.retry_after:
                headers = {**headers, "Retry-After": server.retry_after}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *args: Any) -> None:
            """Silent."""

    return Handler


@contextmanager
def running(server: OperatorServer) -> Iterator[OperatorServer]:
    """The server on a free port of the loopback address."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    http.block_on_close = False
    server.base = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
