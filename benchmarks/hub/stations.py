"""Checks of what goes to stations: commands, charging profiles, preferences.

Each request must reach the hub exactly once, whatever it answers; a result comes on its own.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.hub import faults as f
from benchmarks.hub.objects import Message, stamp
from benchmarks.hub.platform import Refused
from benchmarks.hub.run import Failed, NotInVersion, Run, eventually, need, ok, same
from benchmarks.hub.server import Request

TIMES = 12
# What the platform must say of a request that the hub treated so. A request that was carried out
# and whose answer was lost is told by its result.
STATES = {
    f.FINE: "RESULTED", f.WAIT: "RESULTED", f.CUT: "RESULTED", f.TRUNCATE: "RESULTED",
    f.FAIL: "UNKNOWN", f.REFUSE: "REFUSED",
}  # fmt: skip


def answering(run: Run, result: Message | None = None, *, twice: bool = False) -> None:
    """From now on the hub accepts, and a station's result follows a moment later."""

    def accept(request: Request) -> str:
        url = (request.body or {}).get("response_url") or request.query.get("response_url")
        if url:
            times = 2 if twice else 1
            threading.Thread(target=_tell, args=(run, url, result, times)).start()
        return "ACCEPTED"

    run.hub.on_command = accept


def _tell(run: Run, url: str, result: Message | None, times: int) -> None:
    for _ in range(times):
        time.sleep(0.25)
        said = run.post(url, result or {"result": "ACCEPTED"})
        if said.code != 1000:
            run.caller.complaints.append(f"result at {url}: {said}")


def sent_once(run: Run, ask: Callable[[], Any]) -> tuple[Any, Request]:
    """What staff got, and the one request that came of it."""
    began = time.time()
    got = ask()
    came = [
        each for each in run.hub.requests(since=began)
        if each.module in ("commands", "chargingprofiles") or each.path.endswith("preferences")
    ]  # fmt: skip
    need(len(came) == 1, f"{len(came)} requests came of one: {[r.path for r in came]}")
    return got, came[0]


def carried_out(run: Run, ask: Callable[[], str]) -> tuple[str, Request]:
    """Ask, in faulty modes anew, until the hub carries it out; the state must fit each time."""
    for _ in range(TIMES):
        sent, request = sent_once(run, ask)
        wanted = STATES[request.fate]
        if request.path.endswith("preferences") and request.fate in (f.CUT, f.TRUNCATE):
            wanted = "UNKNOWN"
        eventually(
            lambda s=sent, w=wanted: run.staff.see_command(sent=s)["state"] == w,
            f"{request.method} {request.path} is {wanted} after {request.fate} "
            f"({run.staff.see_command(sent=sent)['state']})",
        )  # fmt: skip
        if request.fate not in (f.FAIL, f.REFUSE):
            return sent, request
    raise Failed(f"no luck in {TIMES} requests")


def start_and_stop(run: Run) -> None:
    """A charge from the driver's wish to the CDR."""
    answering(run)
    remote, request = _started(run)
    body = request.body
    same((body["location_id"], body["evse_uid"]), ("L5", "E5"), "place")
    same(body["token"]["uid"], run.token["uid"], "token")
    run.answers.append(("START_SESSION", body))
    reference = body.get("authorization_reference", "")
    need(run.hub.operator.old or reference, "no authorization_reference")
    _has_result(run, remote, "START")
    operator, token = run.hub.operator, body["token"]
    session = operator.session(
        f"R{run.hub.operator.party}", token, started=time.time(), number=5, reference=reference
    )
    session["auth_method"] = "AUTH_REQUEST" if operator.old else "COMMAND"
    url = run.url("sessions", session["id"])
    ok(run.put(url, session), 201)
    _is(run, remote, "ACTIVE")
    same(run.staff.see_start(remote_session=remote)["session"], session["id"], "session")
    request = _stopped(run, remote)
    same(request.body["session_id"], session["id"], "session to stop")
    run.answers.append(("STOP_SESSION", request.body))
    ok(run.put(url, operator.ended(session)))
    cdr = operator.cdr(
        f"RC{run.hub.operator.party}", token, started=time.time() - 3600, number=5,
        session_id=session["id"], reference=reference, end_date_time=stamp(),
    )  # fmt: skip
    if operator.old:
        del cdr["end_date_time"]
        cdr |= {"start_date_time": session["start_datetime"], "stop_date_time": stamp()}
    else:
        cdr["start_date_time"] = session["start_date_time"]
    ok(run.post(run.ours["cdrs"], cdr), 201)
    _is(run, remote, "COMPLETED")
    same(run.staff.see_start(remote_session=remote)["cdr"], cdr["id"], "CDR")


def _started(run: Run) -> tuple[str, Request]:
    for _ in range(TIMES):
        remote, request = sent_once(
            run, lambda: run.staff.start(operator=run.party, evse="E5", uid=run.token["uid"])
        )
        if request.fate not in (f.FAIL, f.REFUSE):
            return str(remote), request
        # Refused for certain, or unknown: then the driver gives up, and asks again.
        state = run.staff.see_start(remote_session=remote)["state"]
        same(state, "PENDING" if request.fate == f.FAIL else "CANCELLED", f"after {request.fate}")
        if request.fate == f.FAIL:
            run.staff.stop(remote_session=remote)
            _is(run, str(remote), "CANCELLED")
    raise Failed(f"no luck in {TIMES} starts")


def _stopped(run: Run, remote: str) -> Request:
    """One STOP_SESSION that came; an unknown one is not sent again by itself."""
    for _ in range(TIMES):
        _, request = sent_once(run, lambda: run.staff.stop(remote_session=remote))
        state = run.staff.see_start(remote_session=remote)["state"]
        need(state in ("STOPPING", "COMPLETED"), f"after a stop: {state}")
        if request.fate == f.REFUSE:
            continue  # Whoever wanted it asks again.
        if request.fate != f.FAIL:
            _has_result(run, remote, "STOP")
        return request
    raise Failed(f"no luck in {TIMES} stops")


def _has_result(run: Run, remote: str, kind: str) -> None:
    def result() -> bool:
        commands = run.staff.see_start(remote_session=remote)["commands"]
        return any(c["kind"] == kind and c["result"] == "ACCEPTED" for c in commands)

    eventually(result, f"the result of {kind} is noted")


def _is(run: Run, remote: str, state: str) -> None:
    eventually(
        lambda: run.staff.see_start(remote_session=remote)["state"] == state,
        f"the remote session is {state}: {run.staff.see_start(remote_session=remote)}",
    )


def reservations(run: Run) -> None:
    """RESERVE_NOW, CANCEL_RESERVATION, UNLOCK_CONNECTOR; a second result is kept, not acted on."""
    answering(run, twice=True)
    uid = run.token["uid"]
    sent, request = carried_out(
        run, lambda: run.staff.reserve(operator=run.party, evse="E6", uid=uid)
    )
    run.answers.append(("RESERVE_NOW", request.body))
    eventually(lambda: run.staff.see_command(sent=sent)["later"] == 1, "a second result is kept")
    answering(run)
    if run.hub.operator.old:
        _refuses(run, lambda: run.staff.cancel(sent=sent))
    else:
        _, cancelled = carried_out(run, lambda: run.staff.cancel(sent=sent))
        same(cancelled.body["reservation_id"], request.body["reservation_id"], "reservation_id")
        run.answers.append(("CANCEL_RESERVATION", cancelled.body))
    _, request = carried_out(run, lambda: run.staff.unlock(operator=run.party, evse="E6"))
    run.answers.append(("UNLOCK_CONNECTOR", request.body))
    same((request.body["evse_uid"], request.body["connector_id"]), ("E6", "1"), "connector")


def _refuses(run: Run, ask: Callable[[], Any]) -> None:
    try:
        ask()
    except Refused as error:
        same(error.code, "COMMAND_NOT_POSSIBLE", "code")
    else:
        raise Failed("a command that the version does not have was sent")


def rejected(run: Run) -> None:
    """A command that the operator rejects is refused, and no result is awaited."""
    run.hub.on_command = lambda request: "REJECTED"
    for _ in range(TIMES):
        sent, request = sent_once(run, lambda: run.staff.unlock(operator=run.party, evse="E6"))
        if request.fate in (f.FINE, f.WAIT):
            seen = run.staff.see_command(sent=sent)
            same((seen["state"], seen["response"]), ("REFUSED", "REJECTED"), "command")
            return
    raise Failed(f"no luck in {TIMES} requests")


def profiles(run: Run) -> None:
    """Set, ask and clear a charging profile; the operator tells of one that changed by itself."""
    if run.hub.operator.old:
        raise NotInVersion
    party, session = run.party, _running_session(run)
    answering(run)
    _, request = carried_out(run, lambda: run.staff.set_profile(operator=party, session=session))
    [period] = request.body["charging_profile"]["charging_profile_period"]
    same((period["start_period"], float(period["limit"])), (0, 16.0), "period")
    run.answers.append(("charging profile period", period))
    active = {"start_date_time": stamp(), "charging_profile": {
        "charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 9.5}],
    }}  # fmt: skip
    answering(run, {"result": "ACCEPTED", "profile": active})
    sent, request = carried_out(run, lambda: run.staff.ask_profile(operator=party, session=session))
    same((request.method, request.query.get("duration")), ("GET", "900"), "question")
    need("9.5" in run.staff.see_command(sent=sent)["body"], "the profile is not kept")
    answering(run)
    _, request = carried_out(run, lambda: run.staff.clear_profile(operator=party, session=session))
    same(request.method, "DELETE", "method")
    url = f"{run.ours['chargingprofiles']}/{session}"
    ok(run.put(url, active))
    need(run.put(f"{run.ours['chargingprofiles']}/NONE", active).http == 404, "unknown session")


def preferences(run: Run) -> None:
    """What the driver wants, answered at once."""
    if run.hub.operator.old:
        raise NotInVersion
    session = _running_session(run)
    run.hub.on_command = lambda request: "ACCEPTED"
    _, request = carried_out(run, lambda: run.staff.prefer(operator=run.party, session=session))
    same(request.method, "PUT", "method")
    run.answers.append(("preferences", request.body))


def _running_session(run: Run) -> str:
    session_id = "S70"
    session = run.hub.operator.session(session_id, run.token, started=time.time() - 60, number=6)
    ok(run.put(run.url("sessions", session_id), session))
    return session_id
