"""Charges with an operator in all its bad moods while workers are killed with kill -9.

    DEBUG=1 .venv/bin/python benchmarks/remote_sessions_chaos.py [seconds]           # SQLite
    createdb bench_chaos
    DEBUG=1 DATABASE_URL=postgresql://root@127.0.0.1:5432/bench_chaos \
        REDIS_URL=redis://127.0.0.1:6379/14 .venv/bin/python benchmarks/remote_sessions_chaos.py 300

Runs web, two workers, beat and the simulated operator as processes of their own, starts a charge
every second, stops half of them, and kills a worker every five to 25 seconds. When the time is
over it waits for the ends and checks: every session ended, every CDR is attached to exactly one,
nothing was captured twice, each ledger adds up. Exits with 1 when something is wrong.

Empties its database and its queue: refuses a database not named bench_... and Redis database 0.
"""
# ruff: noqa: E402 - Django is set up before its models are imported

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SCRATCH = Path("/tmp/bench_remote_sessions_chaos")
WEB, OPERATOR = "127.0.0.1:8187", "127.0.0.1:8188"
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "evcharge.settings", "DEBUG": "1", "LOG_LEVEL": "ERROR",
    "BROKER_DIR": str(SCRATCH / "broker"), "PUBLIC_URL": f"http://{WEB}",
    "SIMULATED_OPERATOR_URL": f"http://{OPERATOR}", "SIMULATED_OPERATOR_TOKEN": "chaos",
    "REMOTE_SESSION_INACTIVE_MINUTES": "2", "REMOTE_SESSION_STOP_BACKOFF_MINUTES": "1",
    "REMOTE_SESSION_CANCELLED_RELEASE_MINUTES": "1", "COMMAND_ANSWER_SECONDS": "3",
}  # fmt: skip
os.environ.setdefault("DATABASE_URL", f"sqlite:///{SCRATCH / 'chaos.sqlite3'}")

import django

SCRATCH.mkdir(exist_ok=True)
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.audit.context import Actor, acting
from apps.cdrs.models import CDR
from apps.core.errors import DomainError
from apps.locations.models import Evse
from apps.payments.models import SandboxPayment
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services import Preauthorization, request_start, request_stop
from apps.remote_sessions.simulated.stations import add_simulated_stations
from evcharge.celery import app
from tests.accounts.factories import TokenFactory
from tests.payments.factories import adds_up
from tests.remote_sessions.factories import private_token

PYTHON, BIN = sys.executable, Path(sys.executable).parent
COMMANDS = {
    "web": [BIN / "gunicorn", "evcharge.wsgi", "--bind", WEB, "--workers", "2", "--threads", "4"],
    "worker1": [BIN / "celery", "-A", "evcharge", "worker", "-n", "one@%h", "-c", "1"],
    "worker2": [BIN / "celery", "-A", "evcharge", "worker", "-n", "two@%h", "-c", "1"],
    "beat": [BIN / "celery", "-A", "evcharge", "beat", "-s", SCRATCH / "beat"],
    "operator": [
        PYTHON, "manage.py", "simulate_operator", "--mood", "chaos", "--speed", "3",
        "--late", "20", "--longest", "25",
    ],
}  # fmt: skip
ENDED = ["COMPLETED", "CANCELLED", "ERROR"]
processes: dict[str, subprocess.Popen] = {}


def begin(name: str) -> None:
    log = (SCRATCH / f"{name}.log").open("a")
    processes[name] = subprocess.Popen(
        [str(part) for part in COMMANDS[name]], cwd=ROOT, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip


def kill(name: str, how: signal.Signals) -> None:
    """The process with all its children: they are a group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(processes[name].pid, how)
    processes[name].wait()


def charge_for(seconds: float) -> tuple[int, int]:
    """Start and stop charges, kill workers; how many starts were asked for, and how many kills."""
    account = private_token().account
    evses = list(Evse.objects.filter(evse_id__startswith="NL*SIM"))
    end, starts, kills, next_kill = time.monotonic() + seconds, 0, 0, time.monotonic() + 15
    while time.monotonic() < end:
        start(TokenFactory(account=account), random.choice(evses))
        starts += 1
        stop_some()
        if time.monotonic() > next_kill:
            victim = random.choice(["worker1", "worker2"])
            kill(victim, signal.SIGKILL)
            begin(victim)
            kills, next_kill = kills + 1, time.monotonic() + random.uniform(5, 25)
        time.sleep(1)
    return starts, kills


def start(token, evse) -> None:
    with contextlib.suppress(DomainError):
        request_start(
            provider=token.account.provider, token=token, evse=evse, now=timezone.now(),
            preauthorization=Preauthorization(
                Decimal(random.choice([1, 50])), "EUR", "sandbox_card"
            ),
        )  # fmt: skip


def stop_some() -> None:
    running = list(RemoteSession.objects.filter(state="ACTIVE").values_list("pk", flat=True))
    if running and random.random() < 0.5:
        with contextlib.suppress(DomainError):
            request_stop(
                remote_session_id=random.choice(running), by=RemoteSession.StopBy.DRIVER,
                now=timezone.now(),
            )  # fmt: skip


def wait_for_ends(seconds: float) -> None:
    """Until all have ended and no payment is on its way, or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        running = RemoteSession.objects.exclude(state__in=ENDED).count()
        moving = RemoteSession.objects.filter(payment__state__endswith="_PENDING").count()
        waiting = RemoteSession.objects.filter(settlement="WAITING").count()
        owed = RemoteSession.objects.filter(state="ERROR", cdr=None).count()
        print(f"still running {running}, paying {moving}, waiting {waiting}, no CDR {owed}")
        if not (running or moving or waiting or owed):
            return
        time.sleep(10)


def faults() -> list[str]:
    found = [
        f"{row} has not ended: {row.state}"
        for row in RemoteSession.objects.exclude(state__in=ENDED)
    ]
    found += [f"{cdr} is attached to none" for cdr in CDR.objects.filter(remote_session=None)]
    found += [f"{p} was captured twice" for p in SandboxPayment.objects.filter(captures__gt=1)]
    for row in RemoteSession.objects.exclude(payment=None).select_related("payment"):
        if not adds_up(row.payment):
            found.append(f"the ledger of {row.payment} does not add up")
        if row.cdr_id and row.payment.state not in {"CAPTURED", "RELEASED"}:
            found.append(f"{row} has a CDR, but its payment is {row.payment.state}")
    return found


def refuse_what_is_not_ours() -> None:
    """By the names that Django goes by, from the environment or from .env."""
    database = Path(str(connection.settings_dict["NAME"])).name
    if database != "chaos.sqlite3" and not database.startswith("bench_"):
        sys.exit(f"{database!r} would be emptied; DATABASE_URL must name one called bench_...")
    if settings.REDIS_URL and urlsplit(settings.REDIS_URL).path.strip("/") in ("", "0"):
        sys.exit("The queue of Redis database 0 would be purged; REDIS_URL must name another.")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300
    refuse_what_is_not_ours()
    for left in SCRATCH.iterdir():
        if left.is_file():
            left.unlink()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    with acting(Actor.job("chaos")):
        add_simulated_stations()
        # What an earlier run left in the queue is none of this one's.
        app.control.purge()
        for name in COMMANDS:
            begin(name)
        try:
            time.sleep(10)
            starts, kills = charge_for(seconds)
            print(f"{starts} starts were asked for, workers were killed {kills} times")
            wait_for_ends(600)
        finally:
            for name in processes:
                kill(name, signal.SIGTERM)
            app.control.purge()
        wrong = faults()
    states = RemoteSession.objects.values_list("state").order_by("state")
    print({state: sum(1 for (s,) in states if s == state) for (state,) in states.distinct()})
    captures = SandboxPayment.objects.filter(captures=1).count()
    print(f"CDRs: {CDR.objects.count()}, captures: {captures}")
    print("\n".join(wrong) or "Nothing is wrong.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
