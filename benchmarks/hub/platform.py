"""Our side as it is installed: web, worker and beat of the Procfile, and people who use it."""

import http.client
import json
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.kit.processes import ROOT, procfile, production, running, wait_until


class Refused(Exception):
    """What staff asked for was refused, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class StaffGone(Exception):
    """The process of the people on our side ended."""


class Staff:
    """A process of people on our side: `staff.pull(peer="...")`. Safe to share between threads."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._lock = threading.Lock()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.hub.staff"], cwd=ROOT, env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True,
            )  # fmt: skip

    def __getattr__(self, word: str) -> Any:
        def ask(**words: Any) -> Any:
            with self._lock:
                stdin, stdout = self._process.stdin, self._process.stdout
                assert stdin is not None
                assert stdout is not None
                stdin.write(json.dumps({"do": word, **words}) + "\n")
                stdin.flush()
                line = stdout.readline()
            if not line:
                raise StaffGone(f"staff could not {word} {words}: see the log")
            answer = json.loads(line)
            if "refused" in answer:
                raise Refused(answer["refused"], answer["message"])
            return answer["said"]

        return ask

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(timeout=20)


class Platform:
    """web, worker and beat on the database; `log` holds what they say."""

    def __init__(self, database: str, folder: Path, log: Path, port: int, **more: str) -> None:
        self.port, self._log = port, log
        self.environment = production(
            database, folder, PORT=str(port), BIND="127.0.0.1", OCPI_ALLOW_PRIVATE_HOSTS="1",
            OCPI_BASE_URL=f"http://127.0.0.1:{port}/ocpi", LOG_LEVEL="WARNING", **more,
        )  # fmt: skip
        self._stack = ExitStack()

    @property
    def versions_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ocpi/versions"

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        with self._log.open("ab") as output:
            subprocess.run(
                command, cwd=ROOT, env=self.environment, check=True, stdout=output, stderr=output
            )

    def start(self, *, names: tuple[str, ...] = ("web", "worker", "beat"), **more: str) -> None:
        """Start the processes, with a changed environment when there is `more`."""
        self.environment.update(more)
        for name in names:
            command = procfile(name)
            self._stack.enter_context(running(command, self.environment, self._log))
        wait_until(self._answers, 60, "the web server does not answer")

    def stop(self) -> None:
        """End all that `start` began; it can be started again."""
        self._stack.close()

    def staff(self) -> Staff:
        return Staff(self.environment, self._log)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ocpi/versions")
            return connection.getresponse().status == 401
        except OSError:
            return False
        finally:
            connection.close()
