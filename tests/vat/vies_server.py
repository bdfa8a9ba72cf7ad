"""A register of VAT ids on the loopback address that speaks VIES's REST messages."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ViesServer:
    """`registered` are the ids it knows; `mood` makes it fail."""

    url: str = ""
    registered: dict[str, str] = field(default_factory=dict)
    mood: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def answer(self, question: dict[str, Any]) -> tuple[int, bytes]:
        if self.mood in RAW_MOODS:
            return RAW_MOODS[self.mood]
        if self.mood:
            return 200, _json({"actionSucceed": False, "errorWrappers": [{"error": self.mood}]})
        value = question["countryCode"] + question["vatNumber"]
        name = self.registered.get(value)
        return 200, _json(
            {
                "countryCode": question["countryCode"],
                "vatNumber": question["vatNumber"],
                "requestDate": "2026-11-21T00:00:00.000Z",
                "valid": name is not None,
                "requestIdentifier": "WAPIAAAAZ1" if "requesterNumber" in question else "",
                "name": name or "---",
                "address": "---",
                "traderName": "---",
            }
        )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


RAW_MOODS = {
    "html": (200, b"<html>Maintenance</html>"),
    "empty": (200, b""),
    "list": (200, b"[]"),
    "no verdict": (200, b"{}"),
    "verdict is a word": (
        200, _json({"valid": "yes", "countryCode": "DE", "vatNumber": "136695976"}),
    ),
    "another number": (
        200, _json({"valid": True, "countryCode": "DE", "vatNumber": "999999999"}),
    ),
    "HTTP 500": (500, b"Internal Server Error"),
    "HTTP 503 with JSON": (503, b'{"message": "down"}'),
    "HTTP 429": (429, b"{}"),
    "endless": (200, b" " * 300_000),
}  # fmt: skip


@contextmanager
def running_vies() -> Iterator[ViesServer]:
    """The register, in a thread of its own, for the time of the block."""
    vies = ViesServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            question = json.loads(self.rfile.read(length))
            vies.asked.append({"path": self.path, **question})
            if vies.mood == "silence":
                vies.release.wait(10)
                return
            if vies.mood == "dripping":
                self._drip()
                return
            status, body = vies.answer(question)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drip(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not vies.release.is_set():
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    vies.url = f"http://127.0.0.1:{server.server_port}/rest-api"
    try:
        yield vies
    finally:
        vies.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
