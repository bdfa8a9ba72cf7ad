"""CDR POSTs per second through the OCPI door, and a pull of many locations.

    createdb bench && DATABASE_URL=postgresql://.../bench DEBUG=1 \
        .venv/bin/python -m benchmarks.ocpi_cdr_posts --seconds 60 --rate 150

Starts gunicorn on the database (which is migrated first and gets one peer), posts CDRs at the
given rate over a pool of connections, and prints the latency percentiles, the rate that was kept,
and the ratio to a bare insert of as many rows. `--locations 20000` pulls instead, from a server in
another process that makes the pages up.
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import queue
import resource
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")
TOKEN = "benchmark-token"
PORT = 8137
PAGES_PORT = 8138


def prepare() -> Any:
    """A migrated database with one registered peer; returns the peer."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from apps.audit.context import Actor, set_actor
    from apps.roaming.models import Party, Peer, PeerToken
    from apps.roaming.secrets import encrypt_token, hash_token

    call_command("migrate", verbosity=0)
    set_actor(Actor.job("benchmark"))
    party, _ = Party.objects.get_or_create(country_code="NL", party_id="EVC", name="evcharge")
    base = f"http://127.0.0.1:{PAGES_PORT}"
    peer = Peer.objects.filter(name="benchmark").first() or Peer.objects.create(
        name="benchmark", party=party, state="REGISTERED", version="2.2.1",
        outgoing_token=encrypt_token("x"), versions_url=f"{base}/versions",
        requests_per_minute=1_000_000,
        roles=[{"role": "CPO", "country_code": "NL", "party_id": "CPO", "business_details": {}}],
        endpoints=[{"identifier": "locations", "role": "SENDER", "url": f"{base}/locations"}],
    )  # fmt: skip
    # The key may be another one than in the last run on this database.
    peer.outgoing_token = encrypt_token("x")
    peer.endpoints = [{"identifier": "locations", "role": "SENDER", "url": f"{base}/locations"}]
    peer.versions_url = f"{base}/versions"
    peer.save()
    PeerToken.objects.get_or_create(
        token_hash=hash_token(TOKEN),
        defaults={"peer": peer, "kind": "ACCESS", "issued_at": timezone.now()},
    )
    return peer


def cdr(number: int) -> bytes:
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_775_000_000 + number))
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_775_003_600 + number))
    periods = [
        {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": 11.5}]},
    ]
    body = {
        "country_code": "NL", "party_id": "CPO", "id": f"B{os.getpid()}-{number}",
        "start_date_time": start, "end_date_time": end, "auth_method": "WHITELIST",
        "cdr_token": {"country_code": "NL", "party_id": "EVC", "uid": "0401", "type": "RFID",
                      "contract_id": "NL-EVC-C1"},
        "cdr_location": {
            "id": "LOC1", "address": "Quay 1", "city": "Rotterdam", "country": "NLD",
            "coordinates": {"latitude": "51.92", "longitude": "4.48"}, "evse_uid": "E1",
            "evse_id": "NL*CPO*E1", "connector_id": "1", "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET", "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR", "charging_periods": periods,
        "tariffs": [{"country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR",
                     "elements": [{"price_components": [
                         {"type": "ENERGY", "price": 0.4, "step_size": 1}]}],
                     "last_updated": start}],
        "total_cost": {"excl_vat": 4.6}, "total_energy": 11.5, "total_time": 1,
        "last_updated": end,
    }  # fmt: skip
    return json.dumps(body).encode()


def post_cdrs(*, rate: float, seconds: float, connections: int) -> None:
    due: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
    times: list[float] = []
    codes: list[int] = []
    threads = [
        threading.Thread(target=_poster, args=(due, times, codes)) for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    total = int(rate * seconds)
    for number in range(total):
        at = started + number / rate
        time.sleep(max(0.0, at - time.monotonic()))
        due.put((at, cdr(number)))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    took = time.monotonic() - started
    report(times, codes, took)


def wait_for_server() -> None:
    """Every worker has to have started: the first requests are none of the measure."""
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
            for _ in range(20):
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("gunicorn does not answer")


def _poster(due: Any, times: list[float], codes: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    encoded = base64.b64encode(TOKEN.encode()).decode()
    headers = {"Authorization": f"Token {encoded}", "Content-Type": "application/json"}
    while (item := due.get()) is not None:
        at, body = item
        connection.request("POST", "/ocpi/2.2.1/cdrs", body, headers)
        answer = connection.getresponse()
        answer.read()
        # From when it was due, not from when a connection was free: waiting counts.
        times.append(time.monotonic() - at)
        codes.append(answer.status)


def report(times: list[float], codes: list[int], took: float) -> None:
    cuts = statistics.quantiles(times, n=100)
    refused = sum(code != 201 for code in codes)
    print(f"{len(times)} CDRs in {took:.1f} s = {len(times) / took:.0f}/s, {refused} not created")
    print(f"latency ms: median {cuts[49] * 1000:.1f}, p95 {cuts[94] * 1000:.1f}, "
          f"p99 {cuts[98] * 1000:.1f}, max {max(times) * 1000:.1f}")  # fmt: skip
    bare = bare_insert(len(times))
    print(f"bare insert of as many rows, one by one: {bare:.1f} s; ratio {took / bare:.1f} "
          "(the door works at the given rate, so this is an upper bound)")  # fmt: skip


def bare_insert(rows: int) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (id serial primary key, body text)")
        started = time.monotonic()
        for number in range(rows):
            cursor.execute("INSERT INTO bare (body) VALUES (%s)", [cdr(number).decode()])
        return time.monotonic() - started


class Pages(BaseHTTPRequestHandler):
    """Makes up pages of locations; `total` is set on the class."""

    total = 0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = {k: int(v[0]) for k, v in parse_qs(urlsplit(self.path).query).items()}
        offset, limit = query.get("offset", 0), min(query.get("limit", 500), 500)
        last = min(offset + limit, self.total)
        data = [made_up(number) for number in range(offset, last)]
        body = json.dumps({"data": data, "status_code": 1000, "timestamp": stamp()}).encode()
        self.send_response(200)
        if last < self.total:
            url = f"http://127.0.0.1:{PAGES_PORT}/locations?offset={last}&limit={limit}"
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


def _serve_pages(total: int) -> None:
    Pages.total = total
    HTTPServer(("127.0.0.1", PAGES_PORT), Pages).serve_forever()


def pull_locations(peer: Any, total: int) -> None:
    from apps.roaming.services.pulling import pull_module

    server = multiprocessing.Process(target=_serve_pages, args=(total,), daemon=True)
    server.start()
    time.sleep(0.5)
    started = time.monotonic()
    cursor = pull_module(peer=peer, module="locations", full=True)
    took = time.monotonic() - started
    server.terminate()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cursor.received} locations in {took:.1f} s, {cursor.unread} unread, {peak:.0f} MB")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rate", type=float, default=150)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--locations", type=int, default=0)
    chosen = options.parse_args()
    peer = prepare()
    if chosen.locations:
        pull_locations(peer, chosen.locations)
        return
    command = [
        sys.executable, "-m", "gunicorn", "evcharge.wsgi", "-b", f"127.0.0.1:{PORT}",
        "--workers", str(chosen.workers), "--threads", "4", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command)
    try:
        wait_for_server()
        post_cdrs(rate=chosen.rate, seconds=chosen.seconds, connections=chosen.connections)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
