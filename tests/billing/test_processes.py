"""Several processes at once, and processes that are killed: the same invoices, the same numbers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

PROCESSES = 20
INVOICES = 33  # 30 drivers, three of them in two currencies

Run = Callable[..., subprocess.CompletedProcess[str]]


# Not in a transaction: a database in use can't be copied.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], Run]]:
    """Makes databases like the test database, and runs processes on them."""
    made: list[str] = []

    def make() -> Run:
        name = f"{Path(connection.settings_dict['NAME']).stem}_{os.getpid()}_{len(made)}"
        url = _copy_database(name, tmp_path)
        made.append(name)
        environment = {
            **os.environ, "DATABASE_URL": url, "BROKER_DIR": str(tmp_path / "broker"),
            "LOG_LEVEL": "ERROR", "REDIS_URL": "",
        }  # fmt: skip

        def run(*arguments: object) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "tests.billing.processes", *map(str, arguments)],
                env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True,
                timeout=240, check=False,
            )  # fmt: skip

        return run

    yield make
    if connection.vendor == "postgresql":
        _in_the_main_database(*(f'DROP DATABASE "{name}" WITH (FORCE)' for name in made))


def _copy_database(name: str, folder: Path) -> str:
    if connection.vendor == "sqlite":
        file = folder / f"{name}.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
        return f"sqlite:///{file}"
    parts = connection.settings_dict
    connections.close_all()
    _in_the_main_database(f'CREATE DATABASE "{name}" TEMPLATE "{parts["NAME"]}"')
    return f"postgresql://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{name}"


def _in_the_main_database(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def answers(result: subprocess.CompletedProcess[str]) -> list[Any]:
    assert result.returncode == 0, result.stderr[-3000:]
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_rule_1_twenty_processes_issue_without_a_gap_or_a_double(elsewhere):
    counts, state = answers(elsewhere()("build", "run", f"issue={PROCESSES}", "state"))
    assert len(counts) == PROCESSES
    assert sum(counts) == INVOICES
    assert state["numbers"] == [f"VOL-2018-{n:05}" for n in range(1, INVOICES + 1)]
    assert state["series"] == [INVOICES]
    assert {invoice[2] for invoice in state["invoices"]} == {"ISSUED"}
    held = {cdr_id for cdr_id, _ in state["holds"]}
    assert all((status == "BILLED") == (cdr_id not in held) for cdr_id, status in state["cdrs"])


def test_rule_4_run_that_was_killed_ends_with_the_same_when_started_again(elsewhere):
    straight, killed = elsewhere(), elsewhere()
    [expected] = answers(straight("build", "run", "state"))
    assert killed("build", "run=7").returncode == -signal.SIGKILL
    assert killed("run=13").returncode == -signal.SIGKILL
    half, whole = answers(killed("state", "run", "state"))
    assert 0 < len(half["invoices"]) < INVOICES
    assert half["runs"][0][0] == "RUNNING"
    assert whole == expected


def test_rule_4_two_runs_at_once_bill_everything_once(elsewhere):
    run = elsewhere()
    answers(run("build"))
    with ThreadPoolExecutor() as pool:
        for result in pool.map(lambda _: run("run"), range(2)):
            answers(result)
    [state] = answers(run("state"))
    assert len(state["invoices"]) == INVOICES
    billed = [cdr_id for invoice in state["invoices"] for cdr_id, _ in invoice[5]]
    assert len(billed) == len(set(billed)) == len(state["cdrs"]) - len(state["holds"])
    assert state["runs"][0][0] == "FINISHED"
    assert state["runs"][0][1]["EUR"]["invoices"] == 30
