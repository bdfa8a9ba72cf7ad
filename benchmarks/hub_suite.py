"""An independent hub and operator against the real processes, in OCPI 2.1.1, 2.2.1 and 2.3.0.

    .venv/bin/python -m benchmarks.hub_suite                         # all, about 6 minutes
    .venv/bin/python -m benchmarks.hub_suite --version 2.2.1 --mode partial --mode happy

Makes a database of its own on the PostgreSQL server of DATABASE_URL (default: 127.0.0.1), starts
web, worker and beat as the Procfile does, and lets a hub of this process meet them: one version
per thread, one mode after the other. What staff and drivers do is done in processes of their own
(`hub/staff.py`). Nothing of the hub is the platform's code.

All that we send is also checked against the models of the package `extrawest-ocpi`, which has a
Python of its own (see ocpi_validity.py); `--models` is its path. BENCH_LOG keeps the log.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.hub import checks, hostile, stations
from benchmarks.hub.caller import Caller
from benchmarks.hub.checks import Check
from benchmarks.hub.faults import MODES, Faults
from benchmarks.hub.objects import Operator
from benchmarks.hub.platform import Platform
from benchmarks.hub.rebinding import operator as rebinding_operator
from benchmarks.hub.rebinding import rebinding
from benchmarks.hub.run import US, Run
from benchmarks.hub.server import Hub, serving
from benchmarks.kit.database import own_database
from benchmarks.kit.processes import ROOT

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
PORT = 8151
MODELS = Path("/tmp/extrawest/bin/python")

CHECKS: list[Check] = [
    ("the hub registers", checks.hub_registers),
    ("the hub renews its tokens", checks.hub_renews),
    ("the hub unregisters", checks.hub_unregisters),
    ("we register", checks.we_register),
    ("all lists are pulled", checks.pulls_all),
    ("changes are pulled", checks.pulls_changes),
    ("we renew; what is gone is removed", checks.we_renew),
    ("our token list", checks.token_list),
    ("token pushes", checks.token_pushes),
    ("real-time authorization", checks.authorization),
    ("locations, EVSEs, connectors pushed", checks.location_pushes),
    ("tariffs pushed and deleted", checks.tariff_pushes),
    ("sessions pushed and patched", checks.session_pushes),
    ("CDRs posted", checks.cdr_posts),
    ("start and stop", stations.start_and_stop),
    ("reserve, cancel, unlock", stations.reservations),
    ("a rejected command", stations.rejected),
    ("charging profiles", stations.profiles),
    ("charging preferences", stations.preferences),
    ("hub client info", checks.client_info),
    ("wrong messages", checks.wrong_messages),
    ("self-test", checks.self_test),
    ("we unregister", checks.we_unregister),
    ("the form of all we said", checks.form),
]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--version", action="append", choices=VERSIONS)
    options.add_argument("--mode", action="append", choices=MODES)
    options.add_argument("--models", type=Path, default=MODELS)
    chosen = options.parse_args()
    versions, modes = chosen.version or VERSIONS, chosen.mode or MODES
    # Ended from outside, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    began = time.monotonic()
    with own_database("evcharge_hub_suite") as database, tempfile.TemporaryDirectory() as folder:
        log = Path(os.environ.get("BENCH_LOG", Path(folder) / "log"))
        platform = Platform(
            database, Path(folder), log, PORT, OCPI_MAX_ANSWER_BYTES="2000000"
        )  # fmt: skip
        platform.migrate()
        try:
            runs = _run(platform, Path(folder), versions, modes)
        finally:
            platform.stop()
    failed = _print(runs)
    meetings = len(versions) * len(modes) + ("hostile" in modes)
    if len(runs) < meetings:
        print(f"only {len(runs)} of {meetings} meetings took place")
        failed += meetings - len(runs)
    failed += _validate(runs, chosen.models)
    print(f"{time.monotonic() - began:.0f} s")
    print("verdict: " + ("held" if not failed else f"NOT held, {failed} failed"))
    return 1 if failed else 0


def _run(platform: Platform, folder: Path, versions: list[str], modes: list[str]) -> list[Run]:
    platform.start()
    staff = platform.staff()
    staff.prepare(country=US[0], party=US[1], provider="Ampere")
    staff.close()
    runs: list[Run] = []
    threads = [
        threading.Thread(target=_versions_runs, args=(platform, version, modes, runs), daemon=True)
        for version in versions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if "hostile" in modes:
        hub = _hub(rebinding_operator(), "rebinding")
        runs.append(rebinding(platform, folder, hub, lambda hub: _make(platform, hub)))
        _tell(runs[-1])
    return runs


def _versions_runs(platform: Platform, version: str, modes: list[str], runs: list[Run]) -> None:
    for mode in modes:
        number = 10 * (VERSIONS.index(version) + 1) + MODES.index(mode)
        hub = _hub(Operator(version, "NL", f"C{number}"), mode)
        run = _make(platform, hub)
        # Before its end: what breaks it off must not go unseen.
        runs.append(run)
        with serving(hub):
            for name, steps in hostile.CHECKS if mode == "hostile" else CHECKS:
                run.check(name, steps)
            run.staff.close()
        _tell(run)


def _tell(run: Run) -> None:
    """A line as soon as a run is over; what failed is told at once."""
    wrong = [(name, said) for name, said in run.results if said not in ("pass", "-")]
    slowest = max(run.took, key=lambda name: run.took[name])
    print(
        f"{run.name}: {len(run.results) - len(wrong)} of {len(run.results)} in "
        f"{sum(run.took.values()):.0f} s (longest: {slowest}, {run.took[slowest]:.0f} s)"
    )
    for name, said in wrong:
        print(f"    {name}: {said}")
    sys.stdout.flush()


def _hub(operator: Operator, mode: str) -> Hub:
    return Hub(operator, Faults(mode, f"{operator.version} {mode}"), US)


def _make(platform: Platform, hub: Hub) -> Run:
    operator = hub.operator
    routing = {} if operator.old else {
        "OCPI-from-country-code": operator.country, "OCPI-from-party-id": operator.party,
        "OCPI-to-country-code": US[0], "OCPI-to-party-id": US[1],
    }  # fmt: skip
    caller = Caller(operator.version, "", routing)
    name = f"{operator.version} {hub.faults.mode} {operator.party}"
    return Run(hub, platform, platform.staff(), name, caller)


def _print(runs: list[Run]) -> int:
    """A table of check and mode per version, and what failed. Returns how many failed."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.hub.operator.party):
        names = tuple(name for name, _ in run.results)
        groups.setdefault((run.hub.version, *names), []).append(run)
    for (version, *names), group in groups.items():
        print(f"\nOCPI {version}")
        print(f"{'':36}" + "".join(f"{run.mode:>11.10}" for run in group))
        for row, name in enumerate(names):
            print(f"{name:36.36}" + "".join(f"{_mark(run, row):>11}" for run in group))
    counts = Counter(_mark(run, row) for run in runs for row in range(len(run.results)))
    print(
        f"\n{counts['pass']} of {counts['pass'] + counts['FAIL']} checks passed "
        f"({counts['-']} not in the version)"
    )
    return counts["FAIL"]


def _mark(run: Run, row: int) -> str:
    said = run.results[row][1]
    return said if said in ("pass", "-") else "FAIL"


def _validate(runs: list[Run], models: Path) -> int:
    """What we sent, against the package's models; 2.3.0 by those of 2.2.1 where they are alike."""
    if not models.exists():
        print(f"NOT checked against extrawest-ocpi: there is no {models}")
        return 0
    lines = []
    for run in runs:
        version = "2.1.1" if run.hub.operator.old else "2.2.1"
        pushed = [("token", token) for token in list(run.hub.tokens.values())[:3]]
        for kind, body in [*run.answers, *pushed]:
            says_2_3_0 = kind in ("versions", "details") and body["version"] == "2.3.0"
            # The package knows no 2.3.0.
            if not says_2_3_0:
                lines.append(json.dumps({"version": version, "kind": kind, "body": body}))
    print(
        "against extrawest-ocpi (of a charging profile its periods only: its model of the whole "
        "wants one period where the text has a list):"
    )
    done = subprocess.run(
        [str(models), str(ROOT / "benchmarks" / "ocpi_validity.py"), "--check"],
        # The package reads a `.env` where it stands, and would find ours.
        cwd=models.parent, input="\n".join(lines) + "\n", text=True, check=False,
    )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
