"""Calling our OCPI door as a peer does."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from django.test import Client


@dataclass
class PeerClient:
    """A peer with its token, speaking one version."""

    token: str
    version: str = "2.2.1"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response; `path` is below the version, or absolute when it begins with /."""
        url = path if path.startswith("/") else f"/ocpi/{self.version}/{path}"
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        encoded = base64.b64encode(self.token.encode()).decode()
        sent = {"Authorization": f"Token {encoded}", "X-Request-ID": "r1", **headers}
        response = Client(raise_request_exception=False).generic(
            method, url, b"" if body is None else text,
            content_type="application/json", headers=sent,
        )  # fmt: skip
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


def status(response: Any) -> tuple[int, int]:
    """HTTP and OCPI status."""
    return response.status_code, response.json()["status_code"]
