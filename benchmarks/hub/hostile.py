"""Checks against a hub that means harm: it leads us elsewhere, or answers without end."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.hub.checks import card_of, meet, stock_up, we_unregister
from benchmarks.hub.objects import Message
from benchmarks.hub.platform import Refused
from benchmarks.hub.run import Failed, Run, eventually, need, same
from benchmarks.hub.server import Request

Forced = tuple[int, dict[str, str], Any]


class Elsewhere:
    """A port that nobody may call: it counts who does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.calls = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        # Wakes the thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """It must not have been called at the end; that it counts is tried first."""
    place = Elsewhere()
    try:
        port = int(place.url.rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port)).close()
        eventually(lambda: place.calls == 1, "the other port counts")
        yield place
        same(place.calls, 1, "calls at the other port, with our own one")
    finally:
        place.close()


def connects(run: Run) -> None:
    run.staff.add_peer(name=run.name)
    stock_up(run)
    # Nothing is pulled before the checks say what the hub answers.
    run.hub.override = lambda request: _on_list(request, (503, {}, None))
    run.staff.connect(peer=run.name, url=f"{run.hub.base}/ocpi/versions", token=run.hub.token_a)
    assert run.hub.credentials is not None
    run.caller.token = run.hub.credentials["token"]
    meet(run)
    run.token = card_of(run)


def _on_list(request: Request, forced: Forced) -> Forced | None:
    return forced if request.module == "locations" and request.method == "GET" else None


def _pulled_with(run: Run, forced: Forced, said: str) -> None:
    """The pull of locations ends with a reason that has these words, and nothing is kept."""
    run.hub.override = lambda request: _on_list(request, forced)
    run.pressed_at = 0.0

    def told() -> bool:
        run.press_pull()
        return said in run.pulls().get("locations", {}).get("error", "")

    eventually(told, f"the pull says «{said}»: {run.pulls().get('locations')}", 40)
    same(run.stock()["evses"], {}, "EVSEs")


def link_elsewhere(run: Run) -> None:
    """A Link to another host or port, to a file, to the metadata address: not followed."""
    page: list[Message] = run.hub.lists["locations"][:1]
    with elsewhere() as place:
        for link in (f"{place.url}/ocpi/2.2.1/locations?offset=1", "file:///etc/passwd",
                     "http://169.254.169.254/latest", f"//{place.url[7:]}/x"):  # fmt: skip
            headers = {"Link": f'<{link}>; rel="next"'}
            words = "is no address" if link.startswith("file") else "is not at an address"
            _pulled_with(run, (200, headers, page), words)


def redirects(run: Run) -> None:
    """3xx is no answer: neither a list nor a command goes elsewhere."""
    with elsewhere() as place:
        for code in (301, 302, 303, 307, 308):
            headers = {"Location": f"{place.url}/elsewhere"}
            _pulled_with(run, (code, headers, None), f"HTTP {code}")


def redirected_command(run: Run) -> None:
    """A command that is answered with a redirect is not sent anywhere else."""
    run.hub.override = lambda request: None
    run.pull()
    with elsewhere() as place:
        for code in (302, 307):
            run.hub.override = lambda r, c=code: (
                (c, {"Location": place.url}, None) if r.module == "commands" else None
            )
            sent = run.staff.unlock(operator=run.party, evse="E1")
            need(run.staff.see_command(sent=sent)["state"] in ("UNKNOWN", "REFUSED"), "state")
    same(len(run.hub.requests("commands")), 2, "requests")


def huge_answer(run: Run) -> None:
    """An answer larger than we read is given up, without keeping anything of it."""
    page = [{"id": "X", "filler": "x" * 1000}] * 5000
    _pulled_with(run, (200, {}, page), "larger than")


def endpoints_elsewhere(run: Run) -> None:
    """Version details that put a module on another host: the renewal is refused as a whole, and
    the connection goes on as it was."""
    honest, token = run.hub.url, run.caller.token
    run.hub.override = lambda request: None
    with elsewhere() as place:
        run.hub.url = lambda module: (  # type: ignore[method-assign]
            f"{place.url}/ocpi/locations" if module == "locations" else honest(module)
        )
        try:
            run.staff.renew(peer=run.name)
        except Refused as error:
            same(error.code, "ROAMING_ADDRESS_REFUSED", "code")
        else:
            raise Failed("staff renewed with endpoints on another host")
        finally:
            run.hub.url = honest  # type: ignore[method-assign]
    need(run.get(run.platform.versions_url, token=token, routed=False).code == 1000, "our token")
    run.pull()


CHECKS: list[tuple[str, Callable[[Run], None]]] = [
    ("connects", connects),
    ("a Link that leads elsewhere", link_elsewhere),
    ("redirects of lists", redirects),
    ("an answer without end", huge_answer),
    ("redirects of commands", redirected_command),
    ("endpoints on another host", endpoints_elsewhere),
    ("we unregister", we_unregister),
]
