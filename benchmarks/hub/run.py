"""One run: a hub in one version and mode against the platform, check after check."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.hub.caller import Caller, Said
from benchmarks.hub.objects import Message
from benchmarks.hub.platform import Platform, Refused, Staff
from benchmarks.hub.server import Hub, Request

US = ("NL", "EVC")


class Failed(AssertionError):
    """A check did not hold."""


class NotInVersion(Exception):
    """The version has no such thing."""


@dataclass
class Run:
    """What the checks of one run share. `results` is (check, "pass", "-" or what was wrong)."""

    hub: Hub
    platform: Platform
    staff: Staff
    name: str
    caller: Caller
    results: list[tuple[str, str]] = field(default_factory=list)
    # Seconds that each check took.
    took: dict[str, float] = field(default_factory=dict)
    pressed_at: float = 0.0
    # The addresses of our modules, from our version details.
    ours: dict[str, str] = field(default_factory=dict)
    token: Message = field(default_factory=dict)
    # Kind and body of what we answered, for the independent models.
    answers: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def party(self) -> str:
        """NL*C11, the operator."""
        return f"{self.hub.operator.country}*{self.hub.operator.party}"

    @property
    def mode(self) -> str:
        return self.hub.faults.mode

    @property
    def is_faulty(self) -> bool:
        return self.mode in ("random-500", "rate-limit", "partial")

    def check(self, name: str, steps: Callable[["Run"], None]) -> None:
        """Run one check and note what came of it; a failed one does not keep the next."""
        began = time.monotonic()
        try:
            steps(self)
            said = "pass"
        except NotInVersion:
            said = "-"
        except (Failed, Refused) as error:
            said = str(error)
        except Exception as error:
            said = f"{type(error).__name__}: {error} {_where(error)}"
        self.took[name] = time.monotonic() - began
        self.results.append((name, said))

    def url(self, module: str, *parts: str, owner: bool = True) -> str:
        """Of an object of the operator at our receiver."""
        party = [self.hub.operator.country, self.hub.operator.party] if owner else []
        return "/".join([self.ours[module].rstrip("/"), *party, *parts])

    def get(self, url: str, **options: Any) -> Said:
        return self.caller.call("GET", url, **options)

    def put(self, url: str, body: Any, **options: Any) -> Said:
        return self.caller.call("PUT", url, body, **options)

    def patch(self, url: str, body: Any) -> Said:
        return self.caller.call("PATCH", url, body)

    def post(self, url: str, body: Any, **options: Any) -> Said:
        return self.caller.call("POST", url, body, **options)

    def stock(self) -> dict[str, Any]:
        found: dict[str, Any] = self.staff.see_stock(operator=self.party)
        return found

    def pulls(self) -> dict[str, Any]:
        found: dict[str, Any] = self.staff.see_peer(peer=self.name)["pulls"]
        return {module: pull for module, pull in found.items() if ":" not in module}

    def pull(self, *, since: float | None = None, seconds: float = 60) -> list[Request]:
        """Staff press "Pull now", again after a pull that gave up, until all lists are pulled.

        Returns what the hub was asked. With `since`, a pull that began by itself is waited for.
        """
        began = time.time() if since is None else since
        modules = set(self.hub.lists) & self.listed()
        ends = time.time() + seconds
        if since is None:
            self.staff.pull(peer=self.name)
        while time.time() < ends:
            pause = time.time() + (8 if self.is_faulty else 20)
            while time.time() < min(pause, ends):
                pulls = self.pulls()
                done = {m for m, pull in pulls.items() if _is_done(pull, began)}
                if modules <= done:
                    return self.hub.requests(method="GET", since=began)
                time.sleep(0.15)
            self.staff.pull(peer=self.name)
        raise Failed(f"the pull does not end: {self.pulls()}")

    def press_pull(self) -> None:
        """Staff press "Pull now", but not over and over: each press is a task for the worker."""
        if time.monotonic() - self.pressed_at > 8:
            self.pressed_at = time.monotonic()
            self.staff.pull(peer=self.name)

    def listed(self) -> set[str]:
        """The lists that the hub announces; tokens of 2.1.1 are what an operator takes."""
        named = {each["identifier"] for each in self.hub.details()["endpoints"]}
        return named - {"tokens"} if self.hub.operator.old else named


def _is_done(pull: dict[str, Any], began: float) -> bool:
    return not pull["under_way"] and (pull["succeeded_at"] or 0) >= began


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"


def need(holds: object, what: str) -> None:
    """Raises Failed with what was seen."""
    if not holds:
        raise Failed(what)


def same(seen: Any, wanted: Any, what: str) -> None:
    if seen != wanted:
        raise Failed(f"{what}: {_short(seen)}, not {_short(wanted)}")


def ok(said: Said, http: int | tuple[int, ...] = (200, 201)) -> Said:
    """The answer, which must be a success."""
    wanted = (http,) if isinstance(http, int) else http
    need(said.http in wanted and said.code == 1000, f"not taken: {said}")
    return said


def refused(said: Said, http: int, code: int | None = None) -> None:
    need(
        said.http == http and (code is None or said.code == code),
        f"answered {said}, not HTTP {http}" + (f", OCPI {code}" if code else ""),
    )


def eventually(look: Callable[[], Any], what: str, seconds: float = 25) -> Any:
    """What `look` gives once it is true."""
    ends = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > ends:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.15)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:160] + "..."
