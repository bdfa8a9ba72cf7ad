"""The hub as others call it: versions, credentials, lists, tokens, commands, charging profiles.

Plain http.server. Each request is kept with what the hub did to it, and looked at for form: what
breaks the specification stands in `complaints`.
"""

import base64
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from benchmarks.hub import faults as f
from benchmarks.hub.faults import Faults
from benchmarks.hub.forms import complaints_of
from benchmarks.hub.objects import Message, Operator, stamp

LISTS = ("locations", "tariffs", "sessions", "cdrs", "tokens", "hubclientinfo")


@dataclass
class Request:
    """What came, and what was done to it (`fate`)."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    fate: str = f.FINE
    answered: Any = None

    @property
    def parts(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def module(self) -> str:
        return self.parts[2] if len(self.parts) > 2 else "versions"


@dataclass
class Hub:
    """One hub with one operator, in one version and mode."""

    operator: Operator
    faults: Faults
    us: tuple[str, str]
    scheme: str = "http"
    host: str = "127.0.0.1"
    base: str = ""
    token_a: str = field(default_factory=lambda: secrets.token_hex(16))
    # Tokens that we may present: `token_a` until we are registered, then the one given.
    token_b: str = ""
    credentials: Message | None = None
    lists: dict[str, list[Message]] = field(default_factory=lambda: {name: [] for name in LISTS})
    tokens: dict[str, Message] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    # Called with the request of a command or profile; returns the answer's result.
    on_command: Callable[[Request], str] = lambda request: "ACCEPTED"
    # Called after each page of a list that is not the last one.
    while_paging: Callable[[str], None] = lambda module: None
    # Answers to lists instead of the true ones, for hostile checks.
    override: Callable[[Request], tuple[int, dict[str, str], Any] | None] = lambda request: None
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> str:
        return self.operator.version

    @property
    def hub_party(self) -> str:
        """The hub's own party; 2.1.1 has the operator only."""
        return "H" + self.operator.party[1:]

    def url(self, module: str) -> str:
        return f"{self.base}/ocpi/{self.version}/{module}"

    def requests(self, module: str = "", method: str = "", since: float = 0) -> list[Request]:
        with self.lock:
            return [
                each for each in self.seen
                if each.at >= since and module in ("", each.module) and method in ("", each.method)
            ]  # fmt: skip

    def own_credentials(self, token: str) -> Message:
        party = {"country_code": self.operator.country, "party_id": self.operator.party}
        details = {"business_details": {"name": f"Operator {self.operator.party}"}}
        head = {"token": token, "url": f"{self.base}/ocpi/versions"}
        if self.operator.old:
            return {**head, **party, **details}
        hub = {**party, "party_id": self.hub_party, "role": "HUB",
               "business_details": {"name": "Hub"}}  # fmt: skip
        roles = [hub, {"role": "CPO", **party, **details}]
        if self.version == "2.3.0":
            head["hub_party_id"] = f"{self.operator.country}{self.hub_party}"
        return {**head, "roles": roles}

    def details(self) -> Message:
        roles = {"tokens": ("RECEIVER", "SENDER"), "commands": ("RECEIVER",),
                 "chargingprofiles": ("RECEIVER",)}  # fmt: skip
        modules = ["credentials", *LISTS, "commands", "chargingprofiles"]
        if self.operator.old:
            modules = [m for m in modules if m not in ("hubclientinfo", "chargingprofiles")]
            return {"version": self.version, "endpoints": [
                {"identifier": name, "url": self.url(name)} for name in modules]}  # fmt: skip
        return {
            "version": self.version,
            "endpoints": [
                {"identifier": name, "role": role, "url": self.url(name)}
                for name in modules for role in roles.get(name, ("SENDER",))
            ],
        }  # fmt: skip

    def answer(self, request: Request) -> tuple[int, dict[str, str], Any]:
        """HTTP status, headers and data."""
        parts = request.parts
        if parts == ["ocpi", "versions"]:
            url = f"{self.base}/ocpi/{self.version}"
            return 200, {}, [{"version": self.version, "url": url}]
        if len(parts) == 2:
            return 200, {}, self.details()
        if request.module == "credentials":
            return self._credentials(request)
        if request.module in ("commands", "chargingprofiles"):
            return 200, {}, self._command(request)
        if request.module == "sessions" and request.method == "PUT":
            return 200, {}, self.on_command(request)
        if request.method == "PUT" and request.module == "tokens":
            with self.lock:
                self.tokens[parts[-1]] = request.body
            return 200, {}, None
        if request.method == "GET" and len(parts) == 3 and request.module in LISTS:
            return self._list(request)
        return 404, {}, None

    def _credentials(self, request: Request) -> tuple[int, dict[str, str], Any]:
        if request.method == "GET":
            return 200, {}, self.own_credentials(self.token_b)
        if request.method == "DELETE":
            self.token_b = ""
            self.credentials = None
            return 200, {}, None
        if (request.method == "POST") == bool(self.credentials):
            return 405, {}, None
        self.credentials = request.body
        self.token_b = secrets.token_hex(16)
        return 200, {}, self.own_credentials(self.token_b)

    def _command(self, request: Request) -> Message:
        result = self.on_command(request)
        if self.operator.old:
            return {"result": result}
        return {"result": result, "timeout": 30}

    def _list(self, request: Request) -> tuple[int, dict[str, str], Any]:
        module, query = request.module, request.query
        since, until = query.get("date_from", ""), query.get("date_to", "~")
        with self.lock:
            found = [o for o in self.lists[module] if since <= o["last_updated"] < until]
        offset = int(query.get("offset", 0))
        limit = min(int(query.get("limit", self.faults.page)), self.faults.page)
        headers = {"X-Total-Count": str(len(found)), "X-Limit": str(self.faults.page)}
        if offset + limit < len(found):
            following = {**query, "offset": str(offset + limit), "limit": str(limit)}
            path = f"{request.path}?{urlencode(following)}"
            name, value = self.faults.link(path, self.base, offset // limit)
            headers[name] = value
            self.while_paging(module)
        return 200, headers, found[offset : offset + limit]


class Handler(BaseHTTPRequestHandler):
    """One request: kept, looked at, and answered as its fate is."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length).decode()
        url = urlsplit(self.path)
        request = Request(
            at=time.time(), method=self.command, path=url.path,
            query={name: values[0] for name, values in parse_qs(url.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(text) if text else None,
        )  # fmt: skip
        with self.hub.lock:
            self.hub.seen.append(request)
            self.hub.complaints += complaints_of(request, self.hub)
        if not self._is_known(request):
            return self._write(401, {}, envelope(None, 2001))
        self._fated(request)

    def _is_known(self, request: Request) -> bool:
        value = request.headers.get("authorization", "").removeprefix("Token ")
        if not self.hub.operator.old:
            value = base64.b64decode(value).decode()
        registering = self.hub.credentials is None and request.module in ("versions", "credentials")
        known = self.hub.token_b or (self.hub.token_a if registering else "")
        return bool(known) and secrets.compare_digest(value, known)

    def _fated(self, request: Request) -> None:
        forced = self.hub.override(request)
        if forced is not None:
            code, headers, data = forced
            return self._write(code, headers, envelope(data, 1000))
        if request.module in ("versions", "credentials"):
            return self._honest(request)
        is_list = request.method == "GET" and request.module in LISTS
        request.fate = self.hub.faults.decide(is_list=is_list)
        if request.fate == f.FAIL:
            return self._write(500, {}, envelope(None, 3000))
        if request.fate == f.REFUSE:
            return self._write(429, {"Retry-After": "1"}, envelope(None, 2000))
        if request.fate == f.WAIT:
            time.sleep(self.hub.faults.delay)
        self._honest(request)

    def _honest(self, request: Request) -> None:
        code, headers, data = self.hub.answer(request)
        request.answered = data
        if request.fate == f.HALF and isinstance(data, list) and data:
            # As some caches and proxies do: half of the objects, and no link to the others.
            return self._write(206, {}, envelope(data[: len(data) // 2], 1000))
        body = envelope(data, 1000 if code < 400 else 2000)
        self._write(code, headers, body, fate=request.fate)

    def _write(self, code: int, headers: dict[str, str], body: bytes, fate: str = f.FINE) -> None:
        if fate == f.TRUNCATE:
            body = body[: len(body) * 2 // 3]
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.hub.scheme == "https":
            # Each request has a handshake of its own, so that a changed certificate is seen.
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if fate == f.CUT:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *args: Any) -> None:
        """Silent."""


def envelope(data: Any, code: int) -> bytes:
    said = {"status_code": code, "status_message": "said", "timestamp": stamp()}
    if data is not None:
        said["data"] = data
    return json.dumps(said).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub | None = None
    tls: ssl.SSLContext | None = None

    def get_request(self) -> Any:
        connection, address = super().get_request()
        if self.hub is not None:
            self.hub.connections += 1
        if self.tls is not None:
            connection.settimeout(10)
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, *args: Any) -> None:
        """Silent: connections are cut on purpose, handshakes are refused."""


@contextmanager
def serving(hub: Hub, tls: ssl.SSLContext | None = None) -> Iterator[Hub]:
    """The hub on a free port of the loopback address."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.hub, server.tls = hub, tls
    hub.base = f"{hub.scheme}://{hub.host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
