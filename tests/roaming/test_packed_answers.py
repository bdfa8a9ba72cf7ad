"""An answer that a peer packed is unpacked no further than an answer may be long."""

import gzip
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import brotli
import pytest

from apps.roaming.client.calls import AnswerLost, Request, call_peer
from tests.roaming.factories import PeerFactory

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024
ANSWER = b'{"data": [], "status_code": 1000, "timestamp": "2026-05-01T12:00:00Z"}'


class Packing(HTTPServer):
    body = b""
    packing = ""


class Handler(BaseHTTPRequestHandler):
    server: Packing

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", self.server.packing)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[Packing]:
    with Packing(("127.0.0.1", 0), Handler) as packing:
        thread = threading.Thread(target=packing.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield packing
        packing.shutdown()
        thread.join()


def ask(server: Packing) -> Any:
    base = f"http://127.0.0.1:{server.server_port}"
    peer = PeerFactory(versions_url=f"{base}/versions")
    return call_peer(peer, Request("GET", f"{base}/locations", "locations")).answer.data


def test_gzip_is_read_although_we_did_not_ask_for_it(server: Packing) -> None:
    server.packing, server.body = "gzip", gzip.compress(ANSWER)
    assert ask(server) == []


def packed_zip(size: int) -> bytes:
    return gzip.compress(b" " * size, 1)


@pytest.mark.parametrize(
    ("packing", "pack"),
    [
        ("gzip", packed_zip),
        ("gzip, gzip", lambda size: gzip.compress(packed_zip(size), 1)),
        ("br", lambda size: brotli.compress(b" " * size, quality=1)),
    ],
)
def test_little_that_becomes_much_is_lost_before_it_is_much(
    server: Packing, settings: Any, packing: str, pack: Callable[[int], bytes]
) -> None:
    settings.OCPI_MAX_ANSWER_BYTES = MEGABYTE
    server.packing, server.body = packing, pack(100 * MEGABYTE)
    tracemalloc.start()
    try:
        with pytest.raises(AnswerLost):
            ask(server)
        assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTE
    finally:
        tracemalloc.stop()
