"""The processes of the Procfile, run for a benchmark, and the processor time they take."""

import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def production(database: str, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a real installation, with files of its own."""
    return {
        **os.environ, "DJANGO_SETTINGS_MODULE": "evcharge.settings", "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database, "DEBUG": "0", "SECRET_KEY": "benchmark-" + "0" * 40,
        "AUDIT_SEAL_KEY": "benchmark-" + "1" * 40, "ALLOWED_HOSTS": "*",
        "SECURE_SSL_REDIRECT": "0", "BROKER_DIR": str(folder / "broker"), **more,
    }  # fmt: skip


def procfile(name: str) -> str:
    """The command of a process as the Procfile starts it."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))


@contextmanager
def running(
    command: str, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The command with all its children, ended at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=ROOT, env=environment, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    """End the process and its children."""
    if process.poll() is None:
        os.killpg(process.pid, how)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class ProcessorTime:
    """Seconds of processor time by kind of process, sampled twice a second until `stop`.

    Processes are found by their session, PostgreSQL's backends by the database they serve: what
    else runs on the machine is not counted.
    """

    def __init__(self, sessions: dict[str, int], database: str) -> None:
        self._sessions, self._database = sessions, database
        self._first: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            self._sample(connection, first=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        self._ended.set()
        self._thread.join()
        spent: dict[str, float] = defaultdict(float)
        for key, seconds in self._last.items():
            spent[key[0]] += seconds - self._first.get(key, 0.0)
        return dict(spent)

    def _watch(self) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            while not self._ended.wait(0.5):
                self._sample(connection)
            self._sample(connection)

    def _sample(self, connection: psycopg.Connection, *, first: bool = False) -> None:
        pids = {("postgresql", row[0]) for row in connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )}  # fmt: skip
        pids |= {(kind, pid) for kind, leader in self._sessions.items() for pid in _session(leader)}
        for key in pids:
            try:
                self._last[key] = processor_seconds(key[1])
            except OSError:
                continue
            if first:
                self._first[key] = self._last[key]


def _session(leader: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def processor_seconds(pid: int) -> float:
    """What the process has worked so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine_busy() -> float:
    """Seconds that all processors of the machine have worked since it started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS


def wait_until(ready: object, seconds: float, what: str) -> None:
    """Until `ready()` is true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if ready():  # type: ignore[operator]
            return
        time.sleep(0.2)
    raise SystemExit(f"{what}: not within {seconds} s")
