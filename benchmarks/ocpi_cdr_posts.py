"""CDR POSTs per second through the OCPI door, with pricing and review behind them.

    .venv/bin/python -m benchmarks.ocpi_cdr_posts            # 150 per second for 60 s

Makes a database of its own on the PostgreSQL server of DATABASE_URL (default: 127.0.0.1), starts
web, worker and beat as the Procfile does, with production settings, posts CDRs at a steady rate,
waits until all are received, priced, judged and accepted, looks whether each has its trail and its
events, compares with a bare insert of the same rows, and drops the database.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import ocpi_world
from benchmarks.kit import load
from benchmarks.kit.database import own_database
from benchmarks.kit.processes import (
    ROOT,
    ProcessorTime,
    machine_busy,
    processor_seconds,
    procfile,
    production,
    running,
    wait_until,
)

PORT = 8137
LATEST_MS = 100
WARM = 1_000_000
REVIEWED = (
    "SELECT count(*) FROM cdrs_cdr WHERE status = 'ACCEPTED' "
    "AND computed_cost_excl_vat IS NOT NULL AND retail_cost_excl_vat IS NOT NULL"
)
# Per table: its rows of one CDR, by the CDR's id.
ROWS = {
    "cdrs_cdr": "id = %(id)s",
    "cdrs_historicalcdr": "id = %(id)s",
    "audit_entry": "object_type = 'cdrs.cdr' AND object_id = %(text)s",
    "audit_unsealed": "entry_id IN (SELECT id FROM audit_entry "
                      "WHERE object_type = 'cdrs.cdr' AND object_id = %(text)s)",
    "events_event": "aggregate_type = 'cdrs.cdr' AND aggregate_id = %(text)s",
    "roaming_keptobject": "module = 'cdrs' AND country_code = 'NL' AND party_id = 'CPO' "
                          "AND key = %(cdr_id)s",
    "roaming_exchange": "request_id = %(request)s",
}  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--rate", type=float, default=150)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--connections", type=int, default=16)
    chosen = options.parse_args()
    with own_database("evcharge_bench_cdrs") as database, tempfile.TemporaryDirectory() as folder:
        environment = production(database, Path(folder), PORT=str(PORT))
        subprocess.run(
            [sys.executable, "-m", "benchmarks.ocpi_world"], cwd=ROOT, env=environment, check=True
        )
        return _measure(chosen, database, environment, Path(folder))


def _measure(
    chosen: argparse.Namespace, database: str, environment: dict[str, str], folder: Path
) -> int:
    log = Path(os.environ.get("BENCH_LOG", folder / "log"))
    total = int(chosen.rate * chosen.seconds)
    requests = [_request(number) for number in range(total)]
    with (
        running(procfile("web"), environment, log) as web,
        running(procfile("worker"), environment, log) as worker,
        running(procfile("beat"), environment, log) as beat,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        wait_until(_answers, 60, "web does not answer")
        # The first requests load what all others share.
        load.send([_request(-n - 1) for n in range(100)], port=PORT, rate=50, connections=16)
        wait_until(lambda: not _count(connection, "SELECT count(*) FROM roaming_waitingcdr"), 60,
                   "the worker does not receive CDRs")  # fmt: skip
        before = _count(connection, REVIEWED)
        watch = ProcessorTime({"web": web.pid, "worker": worker.pid, "beat": beat.pid}, database)
        watch.start()
        busy = machine_busy()
        measured = load.send(requests, port=PORT, rate=chosen.rate, connections=chosen.connections)
        waiting = total - (_count(connection, REVIEWED) - before)
        ended = time.monotonic()
        wait_until(lambda: _count(connection, REVIEWED) - before >= total - measured.codes[0], 120,
                   "not all CDRs were reviewed")  # fmt: skip
        took = time.monotonic() - ended
        spent = watch.stop()
        busy = machine_busy() - busy
        pending = _count(connection, "SELECT count(*) FROM events_event WHERE handled_at IS NULL")
        wait_until(
            lambda: not _count(connection, "SELECT count(*) FROM events_event "
                               "WHERE handled_at IS NULL"), 600, "the events were not handled",
        )  # fmt: skip
        handed_over = time.monotonic() - ended
        whole = _is_whole(connection, total)
        bare = _bare_insert(connection, min(total, 2000))
    spent["load generator"] = measured.processor_seconds
    per_cdr = {kind: seconds / total * 1000 for kind, seconds in spent.items()}
    print(f"{total} CDRs in {measured.seconds:.1f} s: {measured.rate:.1f} per second; "
          f"answers {dict(measured.codes)}")  # fmt: skip
    print("latency ms: " + ", ".join(
        f"p{number} {measured.percentile(number):.1f}" for number in (50, 95, 99)
    ) + f", longest {max(measured.latencies) * 1000:.0f}")  # fmt: skip
    print(f"not yet priced, judged and accepted at the end: {waiting}; all were after {took:.1f} s")
    print(f"events not yet handed over then: {pending}; all were after {handed_over:.1f} s")
    print("processor ms per CDR: " + ", ".join(
        f"{kind} {value:.2f}" for kind, value in sorted(per_cdr.items())
    ) + f"; sum {sum(per_cdr.values()):.2f} (whole machine {busy / total * 1000:.2f})")  # fmt: skip
    print(f"bare insert of the same rows: {bare * 1000:.2f} ms of processor per CDR; "
          f"ratio {sum(per_cdr.values()) / bare / 1000:.1f}")  # fmt: skip
    right = (
        whole and measured.codes == {201: total} and measured.percentile(95) < LATEST_MS
        and measured.rate > chosen.rate * 0.99 and took < 5
    )  # fmt: skip
    print("verdict: " + ("held" if right else "NOT held"))
    return 0 if right else 1


def _request(number: int) -> bytes:
    # Those to warm up lie at other times: two charges at once at one EVSE would be held.
    body = ocpi_world.cdr(*((WARM - number, "W") if number < 0 else (number, "B")))
    headers = {
        "Authorization": ocpi_world.AUTHORIZATION, "Content-Type": "application/json",
        "X-Request-ID": f"r{number}", "X-Correlation-ID": f"c{number}",
    }  # fmt: skip
    return load.request("POST", "/ocpi/2.2.1/cdrs", body, headers)


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _is_whole(connection: Any, total: int) -> bool:
    """Each CDR: a version, an entry and an event for each of its two changes, and one exchange."""
    counts = {
        name: _count(connection, query)
        for name, query in {
            "CDRs": "SELECT count(*) FROM cdrs_cdr WHERE cdr_id LIKE 'B-%'",
            "versions": "SELECT count(*) FROM cdrs_historicalcdr WHERE cdr_id LIKE 'B-%'",
            "entries": "SELECT count(*) FROM audit_entry e JOIN cdrs_cdr c ON "
                       "e.object_type = 'cdrs.cdr' AND e.object_id = c.id::text "
                       "WHERE c.cdr_id LIKE 'B-%'",
            "events": "SELECT count(*) FROM events_event e JOIN cdrs_cdr c ON "
                      "e.aggregate_type = 'cdrs.cdr' AND e.aggregate_id = c.id::text "
                      "WHERE c.cdr_id LIKE 'B-%'",
            "exchanges": "SELECT count(*) FROM roaming_exchange WHERE request_id ~ '^r[0-9]'",
        }.items()
    }  # fmt: skip
    print("kept: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return counts == {"CDRs": total, "versions": 2 * total, "entries": 2 * total,
                      "events": 2 * total, "exchanges": total}  # fmt: skip


def _bare_insert(connection: Any, most: int) -> float:
    """Seconds of processor time per CDR for its rows alone: into copies of the tables with their
    indexes, one transaction per CDR, from within the database."""
    for table in ROWS:
        connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
    statements = [_copy_of(connection, table, where) for table, where in ROWS.items()]
    cdrs = connection.execute(
        "SELECT id, cdr_id FROM cdrs_cdr WHERE cdr_id LIKE 'B-%%' LIMIT %s", [most]
    ).fetchall()
    backend = connection.info.backend_pid
    before = time.process_time() + processor_seconds(backend)
    for key, cdr_id in cdrs:
        names = {"id": key, "text": str(key), "cdr_id": cdr_id, "request": f"r{cdr_id[2:]}"}
        with connection.transaction():
            for statement in statements:
                connection.execute(statement, names)
    return (time.process_time() + processor_seconds(backend) - before) / len(cdrs)


def _copy_of(connection: Any, table: str, where: str) -> str:
    columns = ", ".join(
        f'"{row[0]}"'
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
            "AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
    )
    return f"INSERT INTO bare_{table} ({columns}) SELECT {columns} FROM {table} WHERE {where}"


if __name__ == "__main__":
    sys.exit(main())
