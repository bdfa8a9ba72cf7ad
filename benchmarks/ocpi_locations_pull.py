"""A full pull of many locations by pages, twice: new ones, then the same again.

    .venv/bin/python -m benchmarks.ocpi_locations_pull          # 20,000 locations

Makes a database of its own on the PostgreSQL server of DATABASE_URL (default: 127.0.0.1). The
pages (500 locations, each with two EVSEs of one connector) come from a server in a process of its
own; the pull runs in another, whose time and memory are printed, with the ratio to a bare insert
of the same rows.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.kit.database import own_database
from benchmarks.kit.processes import ROOT, processor_seconds, production

PORT = 8138
PAGE = 500
MOST_SECONDS, MOST_MEGABYTES = 60, 300
# What a pull writes, and how to tell its rows from those of the bare insert: in this order.
TABLES = (
    "locations_location", "locations_historicallocation", "locations_evse",
    "locations_historicalevse", "locations_connector", "locations_historicalconnector",
    "audit_entry", "audit_unsealed", "roaming_keptobject",
)  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--locations", type=int, default=20_000)
    options.add_argument("--inside", action="store_true", help="used by the benchmark itself")
    chosen = options.parse_args()
    if chosen.inside:
        return _pull_twice(chosen.locations)
    server = multiprocessing.Process(target=_serve, args=(chosen.locations,), daemon=True)
    server.start()
    try:
        with own_database("evcharge_bench_pull") as database, tempfile.TemporaryDirectory() as to:
            environment = production(database, Path(to), OCPI_ALLOW_PRIVATE_HOSTS="1")
            command = [sys.executable, "-m", "benchmarks.ocpi_locations_pull", "--inside",
                       "--locations", str(chosen.locations)]  # fmt: skip
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    finally:
        server.terminate()


def _pull_twice(total: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from apps.audit.context import Actor, set_actor
    from benchmarks.ocpi_world import make_peer

    call_command("migrate", verbosity=0)
    set_actor(Actor.job("benchmark"))
    peer = make_peer(base=f"http://127.0.0.1:{PORT}")
    connection.ensure_connection()
    first = _pull(peer, total)
    again = _pull(peer, total)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = _bare_insert()
    print(f"most memory: {memory:.0f} MB")
    print(f"bare insert of the same rows: {bare:.1f} s; the first pull took {first / bare:.1f} "
          f"times as long, the second {again / bare:.2f} times")  # fmt: skip
    held = first < MOST_SECONDS and memory < MOST_MEGABYTES
    print("verdict: " + ("held" if held else "NOT held"))
    return 0 if held else 1


def _pull(peer: Any, total: int) -> float:
    """Seconds of a full pull."""
    from django.db import connection

    from apps.audit.models import Entry
    from apps.locations.models import Connector, Evse, Location
    from apps.roaming.services.pulling import pull_module

    backend = connection.connection.info.backend_pid
    entries = Entry.objects.count()
    started, mine, its = time.monotonic(), time.process_time(), processor_seconds(backend)
    cursor = pull_module(peer=peer, module="locations", full=True)
    took = time.monotonic() - started
    mine, its = time.process_time() - mine, processor_seconds(backend) - its
    print(f"{cursor.received} locations in {took:.1f} s (processor: Python {mine:.1f} s, "
          f"PostgreSQL {its:.1f} s), {cursor.unread} unread; "
          f"{Entry.objects.count() - entries} entries written")  # fmt: skip
    counts = [model.objects.count() for model in (Location, Evse, Connector)]
    assert counts == [total, 2 * total, 2 * total], counts
    return took


def _bare_insert() -> float:
    """Seconds to write the same rows into copies of the tables with their indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        started = time.monotonic()
        for table in TABLES:
            cursor.execute(f"INSERT INTO bare_{table} SELECT * FROM {table}")
        return time.monotonic() - started


class Pages(BaseHTTPRequestHandler):
    """Makes up pages of locations; `total` is set on the class."""

    total = 0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = {k: int(v[0]) for k, v in parse_qs(urlsplit(self.path).query).items()}
        offset = query.get("offset", 0)
        limit = min(query.get("limit", PAGE), PAGE)
        last = min(offset + limit, self.total)
        data = [made_up(number) for number in range(offset, last)]
        body = json.dumps({"data": data, "status_code": 1000, "timestamp": stamp()}).encode()
        self.send_response(200)
        if last < self.total:
            url = f"http://127.0.0.1:{PORT}/locations?offset={last}&limit={limit}"
            self.send_header("Link", f'<{url}>; rel="next"')
        self.send_header("X-Total-Count", str(self.total))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Silent."""


def stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def made_up(number: int) -> dict[str, Any]:
    plug = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    evses = [
        {"uid": f"E{number}-{n}", "evse_id": f"NL*CPO*E{number}{n}", "status": "AVAILABLE",
         "connectors": [plug], "last_updated": "2026-01-01T00:00:00Z"}
        for n in range(2)
    ]  # fmt: skip
    return {
        "country_code": "NL", "party_id": "CPO", "id": f"L{number}", "publish": True,
        "name": f"Station {number}", "address": "Quay 1", "city": "Rotterdam", "country": "NLD",
        "coordinates": {"latitude": "51.92", "longitude": "4.48"}, "evses": evses,
        "time_zone": "Europe/Amsterdam", "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def _serve(total: int) -> None:
    Pages.total = total
    HTTPServer(("127.0.0.1", PORT), Pages).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
