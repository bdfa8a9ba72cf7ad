"""Writes a million entries with their hashes, seals them, and times `manage.py verify_audit`.

    python benchmarks/verify_audit.py [--entries 1000000] [--on sqlite|postgresql|both]

Makes a database of its own on SQLite (a temporary file) and on the PostgreSQL server of
DATABASE_URL (evcharge_verify, or the local server), and drops both. Goal: under 60 s each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "evcharge_verify"
DEFAULT_SERVER = "postgresql://root@127.0.0.1:5432/root"
GOAL_SECONDS = 60
CHUNK = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--on", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        fill(arguments.entries)
        return 0
    kinds = ["sqlite", "postgresql"] if arguments.on == "both" else [arguments.on]
    met = [measure(kind, arguments.entries) for kind in kinds]
    return 0 if all(met) else 1


def measure(kind: str, entries: int) -> bool:
    with sqlite() if kind == "sqlite" else postgresql() as url:
        env = {**os.environ, "DATABASE_URL": url, "DEBUG": "0", "SECRET_KEY": "benchmark" * 6,
               "AUDIT_SEAL_KEY": "benchmark" * 6, "ALLOWED_HOSTS": "*",
               "LOG_LEVEL": "ERROR"}  # fmt: skip
        run(env, "manage.py", "migrate", "-v0")
        print(f"{kind}: writing and sealing {entries:,} entries ...", flush=True)
        made, _, _ = run(env, __file__, "--fill", "--entries", str(entries))
        seconds, worked, said = run(env, "manage.py", "verify_audit")
    print(f"{kind}: written and sealed in {made:.0f} s; verified in {seconds:.1f} s "
          f"({worked:.1f} s of processor time in Python), goal {GOAL_SECONDS} s: "
          f"{'met' if seconds < GOAL_SECONDS else 'MISSED'}\n  {said}")  # fmt: skip
    return seconds < GOAL_SECONDS


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/verify.sqlite3"


@contextmanager
def postgresql() -> Iterator[str]:
    import psycopg

    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        server = DEFAULT_SERVER
    drop = f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(f"CREATE DATABASE {NAME}")
        try:
            yield server.rsplit("/", 1)[0] + "/" + NAME
        finally:
            connection.execute(drop)


def run(env: dict[str, str], *arguments: str) -> tuple[float, float, str]:
    """Seconds, processor seconds and the last line of a command of its own process."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    after = os.times()
    worked = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return time.perf_counter() - began, worked, done.stdout.strip().rpartition("\n")[2]


def fill(entries: int) -> None:
    """In batches, as a bulk import writes them, each sealed as the job does it."""
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "evcharge.settings"
    import django

    django.setup()
    from django.utils import timezone

    from apps.audit.models import Entry
    from apps.audit.seals import seal_entries

    for start in range(0, entries, CHUNK):
        count = min(CHUNK, entries - start)
        Entry.objects.bulk_create([entry(start + number) for number in range(count)])
        seal_entries(now=timezone.now())


def entry(number: int) -> object:
    from django.utils import timezone

    from apps.audit.models import Entry
    from apps.core.ids import new_id

    return Entry(
        recorded_at=timezone.now(), activity="accepted CDR", object_type="cdrs.cdr",
        object_id=str(new_id()), object_label=f"NL*EFL {number}",
        before={"status": "PENDING"}, after={"status": "ACCEPTED"}, actor_kind="JOB",
        actor_id="benchmark", actor_label="benchmark", request_id=str(new_id()),
        url="https://staff.example.com/admin/cdrs/cdr/", method="POST", path="/admin/cdrs/cdr/",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
