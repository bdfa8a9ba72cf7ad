"""The hub calling us: plain http.client, and what an answer must look like."""

import base64
import http.client
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.hub.forms import DATE


@dataclass(frozen=True)
class Said:
    """Our answer: HTTP status, OCPI status code, data and headers (lower case)."""

    http: int
    code: int
    data: Any
    headers: dict[str, str]
    message: str

    def __str__(self) -> str:
        return f"HTTP {self.http}, OCPI {self.code}: {self.message}"


@dataclass
class Caller:
    """Calls one address of ours with one token; `sent` holds our answers for the models."""

    version: str
    token: str
    routing: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)

    def call(
        self, method: str, url: str, body: Any = None, *, token: str | None = None,
        routed: bool = True,
    ) -> Said:  # fmt: skip
        """Ask, and complain of an answer without the right form."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        token = self.token if token is None else token
        if self.version != "2.1.1":
            token = base64.b64encode(token.encode()).decode()
        ids = {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
        headers = {"Authorization": f"Token {token}", **ids, **(self.routing if routed else {})}
        text = body if isinstance(body, str | bytes) else None if body is None else json.dumps(body)
        if text is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, text, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        said = _read(response, content)
        self.complaints += self._form(method, url, said, ids, routed)
        return said

    def _form(
        self, method: str, url: str, said: Said, ids: dict[str, str], routed: bool
    ) -> list[str]:
        found = []
        for name, value in ids.items():
            if said.headers.get(name.lower()) != value:
                found.append(f"{name} is not given back")
        if not DATE.match(str(said.headers.get(":timestamp"))):
            found.append("no timestamp")
        if said.http < 300 and not 1000 <= said.code < 4100:
            found.append(f"status_code {said.code}")
        back = {name.lower(): value for name, value in said.headers.items() if "ocpi-" in name}
        if routed and self.routing and said.code == 1000:
            sides = {"from": "to", "to": "from"}
            split = {tuple(name.lower().split("-", 2)): v for name, v in self.routing.items()}
            expected = {f"ocpi-{sides[side]}-{rest}": v for (_, side, rest), v in split.items()}
            if back != expected:
                found.append(f"routing headers are {back}, not {expected}")
        return [f"{method} {url}: {each}" for each in found]


def _read(response: http.client.HTTPResponse, content: bytes) -> Said:
    headers = {name.lower(): value for name, value in response.getheaders()}
    try:
        said = json.loads(content)
    except ValueError:
        return Said(response.status, 0, None, headers, content[:100].decode("utf-8", "replace"))
    headers[":timestamp"] = str(said.get("timestamp"))
    return Said(
        response.status, said.get("status_code", 0), said.get("data"), headers,
        said.get("status_message", ""),
    )  # fmt: skip
