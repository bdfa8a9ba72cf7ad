"""The checks that every mode but the hostile one goes through, in this order."""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.hub.objects import Message, stamp
from benchmarks.hub.run import NotInVersion, Run, eventually, need, ok, refused, same

Check = tuple[str, Callable[[Run], None]]


def hub_registers(run: Run) -> None:
    """Token A is good for registration only and once; C for all the rest."""
    hub = run.hub
    run.staff.add_peer(name=run.name)
    run.caller.token = run.staff.invite(peer=run.name)
    refused(run.get(run.platform.versions_url, token="wrong", routed=False), 401)
    meet(run)
    hub.credentials, hub.token_b = {"registered": True}, "b" * 40
    mine = hub.own_credentials(hub.token_b)
    said = ok(run.post(run.ours["credentials"], mine, routed=False)).data
    old, run.caller.token = run.caller.token, said["token"]
    _are_ours(run, said)
    refused(run.get(run.ours["credentials"], token=old, routed=False), 401)
    same(ok(run.get(run.ours["credentials"], routed=False)).data["token"], said["token"], "token")
    asked = [each.path for each in hub.requests("versions")]
    same(asked, ["/ocpi/versions", f"/ocpi/{hub.version}"], "asked during registration")
    refused(run.post(run.ours["credentials"], mine, routed=False), 405)


def meet(run: Run) -> None:
    """Versions and details: the addresses of our modules."""
    versions = ok(run.get(run.platform.versions_url, routed=False)).data
    urls = {entry["version"]: entry["url"] for entry in versions}
    need(run.hub.version in urls, f"versions are {sorted(urls)}")
    details = ok(run.get(urls[run.hub.version], routed=False)).data
    run.ours = {entry["identifier"]: entry["url"] for entry in details["endpoints"]}
    run.answers += [("versions", entry) for entry in versions] + [("details", details)]
    roles = {entry["identifier"]: entry.get("role") for entry in details["endpoints"]}
    if not run.hub.operator.old:
        same(roles["locations"], "RECEIVER", "role of locations")
        same(roles["tokens"], "SENDER", "role of tokens")
        need({"chargingprofiles", "hubclientinfo"} <= set(roles), f"modules are {sorted(roles)}")
    need({"credentials", "sessions", "cdrs", "tariffs", "commands"} <= set(roles), str(roles))


def _are_ours(run: Run, said: Message) -> None:
    run.answers.append(("credentials", said))
    same(said["url"], run.platform.versions_url, "url")
    role = said if run.hub.operator.old else said["roles"][0]
    same((role["country_code"], role["party_id"]), run.hub.us, "party")
    if not run.hub.operator.old:
        same(role["role"], "EMSP", "role")


def hub_renews(run: Run) -> None:
    """PUT credentials: new tokens both ways, the old one ends."""
    old = run.caller.token
    run.hub.token_b = "c" * 40
    mine = run.hub.own_credentials(run.hub.token_b)
    said = ok(run.put(run.ours["credentials"], mine, routed=False)).data
    need(said["token"] != old, "the token is the same")
    refused(run.get(run.ours["credentials"], token=old, routed=False), 401)
    run.caller.token = said["token"]
    ok(run.get(run.ours["credentials"], routed=False))


def hub_unregisters(run: Run) -> None:
    """DELETE credentials: the token is good for nothing any more."""
    time.sleep(0.5)
    ok(run.caller.call("DELETE", run.ours["credentials"], routed=False))
    refused(run.get(run.ours["credentials"], routed=False), 401)
    refused(run.caller.call("DELETE", run.ours["credentials"], routed=False), 401)
    same(run.staff.see_peer(peer=run.name)["state"], "UNREGISTERED", "state")
    run.hub.credentials, run.hub.token_b = None, ""


def we_register(run: Run) -> None:
    """We register at the hub with its token A; it keeps our credentials."""
    stock_up(run)
    began = time.time()
    run.staff.connect(peer=run.name, url=f"{run.hub.base}/ocpi/versions", token=run.hub.token_a)
    given = run.hub.credentials
    assert given is not None
    run.caller.token = given["token"]
    _are_ours(run, given)
    ok(run.get(given["url"], routed=False))
    named = [f"{r.method} {r.module}" for r in run.hub.requests(since=began)]
    asked = [each for each in named if each.endswith(("versions", "credentials"))][:3]
    same(asked, ["GET versions", "GET versions", "POST credentials"], "asked")
    seen = run.staff.see_peer(peer=run.name)
    same((seen["state"], seen["version"]), ("REGISTERED", run.hub.version), "peer")
    if not run.hub.operator.old:
        same(seen["hub"], f"{run.hub.operator.country}*{run.hub.hub_party}", "hub")


def stock_up(run: Run) -> None:
    """The hub's lists, and a card of ours whose charges are in them."""
    mine, lists = run.hub.operator, run.hub.lists
    run.staff.add_token(uid=_card(run), contract_id=f"NL-EVC-C{mine.party}")
    token = card_of(run)
    day = time.time() - 86_400
    for number in range(1, 8):
        lists["locations"].append(mine.location(number))
    lists["tariffs"] += [mine.tariff(number) for number in range(1, 5)]
    for number in range(1, 6):
        session_id = f"S{number}"
        session = mine.session(session_id, token, started=day + number * 4000, number=number)
        lists["sessions"].append(mine.ended(session))
        lists["cdrs"].append(
            mine.cdr(f"D{number}", token, started=day + number * 4000, session_id=session_id)
        )
        lists["tokens"].append(mine.foreign_token(number))
    lists["hubclientinfo"] += [mine.client_info(mine.party), mine.client_info(f"X{mine.party[1:]}")]


def _card(run: Run) -> str:
    return f"04{run.hub.operator.party}".encode().hex().upper()


def card_of(run: Run) -> Message:
    """Our card as the hub writes it into charges."""
    contract = f"NL-EVC-C{run.hub.operator.party}"
    name = {"auth_id": contract} if run.hub.operator.old else {
        "country_code": "NL", "party_id": "EVC", "contract_id": contract}  # fmt: skip
    return {**name, "uid": _card(run), "type": "RFID"}


def pulls_all(run: Run) -> None:
    """Registered, we pull every list to its end, page by page, and keep it equal."""
    if run.mode == "pagination":
        run.hub.while_paging = lambda module: _grow(run, module)
    run.pull(since=run.hub.requests("credentials", "POST")[-1].at)
    run.hub.while_paging = lambda module: None
    for module, pull in run.pulls().items():
        same((pull["unread"], pull["error"]), (0, ""), f"pull of {module}")
    _is_stocked(run)
    _followed_links(run)
    for location in run.hub.lists["locations"][:2]:
        same(ok(run.get(run.url("locations", location["id"]))).data, location, "location")
    tariff = run.hub.lists["tariffs"][0]
    same(ok(run.get(run.url("tariffs", tariff["id"]))).data, tariff, "tariff")
    run.token = card_of(run)


def _grow(run: Run, module: str) -> None:
    """While we page, the list grows at its end, twice at most."""
    if module == "locations" and len(run.hub.lists["locations"]) < 9:
        number = len(run.hub.lists["locations"]) + 1
        run.hub.lists["locations"].append(run.hub.operator.location(number))


def _is_stocked(run: Run) -> None:
    stock, lists = run.stock(), run.hub.lists
    evses = {evse["uid"] for each in lists["locations"] for evse in each["evses"]}
    same(set(stock["evses"]), evses, "EVSEs")
    need("REMOVED" not in stock["evses"].values(), f"EVSEs are {stock['evses']}")
    same(set(stock["tariffs"]), {each["id"] for each in lists["tariffs"]}, "tariffs")
    same(set(stock["sessions"]), {each["id"] for each in lists["sessions"]}, "sessions")
    same(set(stock["cdrs"]), {each["id"] for each in lists["cdrs"]}, "CDRs")
    if "tokens" in run.listed():
        same(stock["kept"]["tokens"], sorted(each["uid"] for each in lists["tokens"]), "tokens")


def _followed_links(run: Run) -> None:
    """Every page was asked for by the address that the page before named."""
    wanted = [str(n) for n in range(0, len(run.hub.lists["locations"]), run.hub.faults.page)]
    asked: list[str] = []
    for request in run.hub.requests("locations", "GET"):
        offset = request.query.get("offset", "0")
        if request.fate in ("fine", "slow") and offset not in asked:
            asked.append(offset)
    same(asked, wanted, "offsets of the pages of locations")


def pulls_changes(run: Run) -> None:
    """The next pull asks from a little before the last one by our clock, and takes the changes."""
    operator, lists = run.hub.operator, run.hub.lists
    first = min(each.at for each in run.hub.requests("locations", "GET"))
    last = max(each.at for each in run.hub.requests("locations", "GET"))
    # Nobody's last_updated lies in the overlap of two minutes, save what changes now.
    for each in lists["locations"]:
        each["last_updated"] = stamp(time.time() - 7200)
    lists["locations"][0] = operator.location(1, evses=[operator.evse(1, status="CHARGING")])
    lists["tariffs"][0] = operator.tariff(1, price=0.47)
    lists["cdrs"].append(operator.cdr("D6", run.token, started=time.time() - 9000))
    asked = [each for each in run.pull() if each.module in run.hub.lists]
    for request in asked:
        need("date_from" in request.query, f"{request.path} without date_from")
    dates = {each.query["date_from"] for each in asked if each.module == "locations"}
    low, high = stamp(first - 300), stamp(last)
    need(all(low <= date <= high for date in dates), f"date_from {dates}, not {low} to {high}")
    stock = run.stock()
    same(stock["evses"]["E1"], "CHARGING", "EVSE E1")
    component = stock["tariffs"]["T1"]["elements"][0]["price_components"][0]
    same(float(component["price"]), 0.47, "price of T1")
    need("D6" in stock["cdrs"], "CDR D6 did not come")


def we_renew(run: Run) -> None:
    """Staff renew the tokens (PUT); what the hub no longer lists is removed by the full pull."""
    lists, old = run.hub.lists, run.caller.token
    gone, last = lists["locations"].pop(2), lists["tariffs"].pop(3)
    began = time.time()
    run.staff.renew(peer=run.name)
    assert run.hub.credentials is not None
    run.caller.token = run.hub.credentials["token"]
    refused(run.get(run.platform.versions_url, token=old, routed=False), 401)
    run.pull(since=began)
    first = run.hub.requests("locations", "GET", since=began)[0]
    need("date_from" not in first.query, "the pull after a registration is not a full one")
    stock = run.stock()
    same(stock["evses"][gone["evses"][0]["uid"]], "REMOVED", "the EVSE that is gone")
    left = {uid for uid, status in stock["evses"].items() if status != "REMOVED"}
    same(left, {e["uid"] for each in lists["locations"] for e in each["evses"]}, "EVSEs left")
    need(last["id"] in stock["ended"], f"tariff {last['id']} goes on: {stock['ended']}")
    refused(run.get(run.url("tariffs", last["id"])), 404)


def token_list(run: Run) -> None:
    """Our tokens by pages of two: oldest first, filters inclusive and exclusive, limits kept."""
    url = run.ours["tokens"]
    tokens: list[Message] = []
    following: str | None = f"{url}?offset=0&limit=2"
    for _ in range(60):
        if not following:
            break
        said = ok(run.get(following))
        need(len(said.data) <= 2, f"a page of {len(said.data)}")
        tokens += said.data
        link = said.headers.get("link", "")
        following = link[1:].split(">")[0] if link else None
        total = int(said.headers["x-total-count"])
        need(int(said.headers["x-limit"]) >= 1, "X-Limit")
    need(len(tokens) == total, f"{len(tokens)} of {total} tokens")
    uids = [token["uid"] for token in tokens]
    need(len(set(uids)) == len(uids) and run.token["uid"] in uids, f"tokens are {uids}")
    run.answers += [("token", token) for token in tokens[:3]]
    mine = next(token for token in tokens if token["uid"] == run.token["uid"])
    at = mine["last_updated"]
    since = ok(run.get(f"{url}?date_from={at}")).data
    need(mine["uid"] in [t["uid"] for t in since], "date_from is not inclusive")
    until = ok(run.get(f"{url}?date_to={at}")).data
    need(mine["uid"] not in [t["uid"] for t in until], "date_to is not exclusive")
    refused(run.get(f"{url}?limit=many"), 200, 2001)


def token_pushes(run: Run) -> None:
    """Changes of a token reach the hub, in order, however often it fails.

    Behind all that waits before them: the tokens of every run, each of which a faulty hub may fail.
    """
    uid, seconds = run.token["uid"], 150 if run.is_faulty else 60
    eventually(lambda: uid in run.hub.tokens, "the token is pushed", seconds)
    for valid, word in ((False, run.staff.block), (True, run.staff.unblock)):
        word(uid=uid)
        eventually(
            lambda v=valid: run.hub.tokens.get(uid, {}).get("valid") is v,
            f"valid={valid} is pushed", seconds,
        )  # fmt: skip
    arrived = [r for r in run.hub.requests("tokens", "PUT") if r.parts[-1] == uid]
    need(arrived[-1].path.endswith(f"/tokens/NL/EVC/{uid}"), f"pushed to {arrived[-1].path}")
    eventually(
        lambda: all(state == "DELIVERED" for path, state, _ in _pushes(run, uid)),
        "all pushes are noted as delivered", seconds,
    )  # fmt: skip


def _pushes(run: Run, uid: str) -> list[Any]:
    return [each for each in run.staff.see_pushes(peer=run.name) if uid in each[0]]


def authorization(run: Run) -> None:
    """In real time: allowed, blocked, unknown; no EVSE's status decides (2.2.1 `mod_tokens`)."""
    tokens, uid = run.ours["tokens"], run.token["uid"]
    place = {"location_id": "L1", "evse_uids": ["E1"]}
    said = ok(run.post(f"{tokens}/{uid}/authorize?type=RFID", place)).data
    same(said["allowed"], "ALLOWED", "allowed")
    run.answers.append(("authorization", said))
    if not run.hub.operator.old:
        need(said.get("authorization_reference"), "no authorization_reference")
        same(said["token"]["uid"], uid, "token")
    same(said.get("location"), place, "location")
    ok(run.post(f"{tokens}/{uid}/authorize", None))
    run.staff.block(uid=uid)
    blocked = ok(run.post(f"{tokens}/{uid}/authorize", None)).data
    run.staff.unblock(uid=uid)
    same(blocked["allowed"], "BLOCKED", "allowed")
    refused(run.post(f"{tokens}/NOBODY/authorize", None), 404, 2004)
    gone = {"location_id": "L3", "evse_uids": ["E3"]}
    same(ok(run.post(f"{tokens}/{uid}/authorize", gone)).data["allowed"], "ALLOWED", "allowed")


def location_pushes(run: Run) -> None:
    """PUT and PATCH of location, EVSE and connector; GET gives back; REMOVED; older is ignored."""
    operator = run.hub.operator
    location = operator.location(50)
    ok(run.put(run.url("locations", "L50"), location), 201)
    same(ok(run.get(run.url("locations", "L50"))).data, location, "location")
    change = {"status": "CHARGING", "last_updated": stamp()}
    ok(run.patch(run.url("locations", "L50", "E50"), change))
    same(ok(run.get(run.url("locations", "L50", "E50"))).data["status"], "CHARGING", "status")
    same(run.stock()["evses"]["E50"], "CHARGING", "our EVSE")
    plug = operator.connector(id="2")
    ok(run.put(run.url("locations", "L50", "E50", "2"), plug), 201)
    same(ok(run.get(run.url("locations", "L50", "E50", "2"))).data, plug, "connector")
    older = {"status": "BLOCKED", "last_updated": stamp(time.time() - 3600)}
    ok(run.patch(run.url("locations", "L50", "E50"), older))
    same(run.stock()["evses"]["E50"], "CHARGING", "our EVSE after an older message")
    gone = operator.evse(50, status="REMOVED")
    ok(run.put(run.url("locations", "L50", "E50"), gone))
    same(run.stock()["evses"]["E50"], "REMOVED", "our EVSE")
    refused(run.patch(run.url("locations", "L50", "NONE"), change), 404, 2003)
    refused(run.get(run.url("locations", "L99")), 404)


def tariff_pushes(run: Run) -> None:
    """PUT, GET, DELETE; a second DELETE finds nothing."""
    tariff = run.hub.operator.tariff(50, price=0.61)
    ok(run.put(run.url("tariffs", "T50"), tariff), 201)
    same(ok(run.get(run.url("tariffs", "T50"))).data, tariff, "tariff")
    need("T50" in run.stock()["tariffs"], "it is not in the tariff book")
    ok(run.caller.call("DELETE", run.url("tariffs", "T50")))
    refused(run.get(run.url("tariffs", "T50")), 404)
    need("T50" in run.stock()["ended"], "it goes on in the tariff book")
    refused(run.caller.call("DELETE", run.url("tariffs", "T50")), 404)


def session_pushes(run: Run) -> None:
    """PUT, PATCH that appends periods, GET; an older message changes nothing; COMPLETED."""
    operator = run.hub.operator
    session = operator.session("S50", run.token, started=time.time() - 600, number=4)
    url = run.url("sessions", "S50")
    ok(run.put(url, session), 201)
    same(ok(run.get(url)).data, session, "session")
    more = operator.period(stamp(), 2.5)
    ok(run.patch(url, {"kwh": 4.0, "charging_periods": [more], "last_updated": stamp()}))
    now = ok(run.get(url)).data
    same((now["kwh"], len(now["charging_periods"])), (4.0, 2), "kWh and periods")
    ok(run.put(url, {**session, "kwh": 0.1, "last_updated": stamp(time.time() - 3600)}))
    same(ok(run.get(url)).data["kwh"], 4.0, "kWh after an older message")
    if not operator.old:
        refused(run.patch(url, {"kwh": 5.0}), 200, 2001)
    ok(run.put(url, operator.ended(now)))
    same(run.stock()["sessions"]["S50"], "COMPLETED", "our session")
    refused(run.put(run.url("sessions", "OTHER"), session), 200, 2001)


def cdr_posts(run: Run) -> None:
    """POST with a Location that gives it back; the same again is fine, another content is not."""
    cdr = run.hub.operator.cdr("D50", run.token, started=time.time() - 7200, session_id="S50")
    url = run.ours["cdrs"]
    said = ok(run.post(url, cdr), 201)
    address = said.headers.get("location", "")
    same(ok(run.get(address)).data, cdr, "CDR")
    eventually(lambda: "D50" in run.stock()["cdrs"], "the CDR is received")
    same(ok(run.get(address)).data, cdr, "CDR, received")
    ok(run.post(url, cdr), 200)
    other = {**cdr, "total_energy": 99.0}
    refused(run.post(url, other), 200, 2001)
    same(ok(run.get(address)).data, cdr, "CDR after another content")


def client_info(run: Run) -> None:
    """Hub client info: PUT and GET, no routing headers."""
    if run.hub.operator.old:
        raise NotInVersion
    info = run.hub.operator.client_info("X99", "PLANNED")
    url = run.url("hubclientinfo", owner=False) + f"/{info['country_code']}/X99"
    ok(run.put(url, info, routed=False), 201)
    same(ok(run.get(url, routed=False)).data, info, "client info")
    ok(run.put(url, {**info, "status": "CONNECTED", "last_updated": stamp()}, routed=False), 200)
    same(ok(run.get(url, routed=False)).data["status"], "CONNECTED", "status")


def wrong_messages(run: Run) -> None:
    """The documented codes, and nothing half-written."""
    operator, url = run.hub.operator, run.url("locations", "L60")
    refused(run.put(url, "{broken"), 400, 2001)
    lacking = operator.location(60)
    del lacking["coordinates"]
    refused(run.put(url, lacking), 200, 2001)
    refused(run.put(url, operator.location(61)), 200, 2001)
    refused(run.get(url), 404)
    refused(run.get(url, token="guess"), 401)
    foreign = run.ours["sessions"] + "/NL/EVC/S1"
    need(run.get(foreign).http == 404, "a session of ourselves is there")
    if not operator.old:
        run.caller.routing, kept = {
            **run.caller.routing, "OCPI-to-country-code": "ZZ", "OCPI-to-party-id": "ZZZ",
        }, run.caller.routing  # fmt: skip
        said = run.put(url, operator.location(60))
        run.caller.routing = kept
        refused(said, 200, 4001)
    refused(run.get(url), 404)


def self_test(run: Run) -> None:
    """Staff's self-test of the hub passes, or names the broken answer."""
    failed = [each for each in run.staff.self_test(peer=run.name) if not each[1]]
    need(run.is_faulty or not failed, f"self-test: {failed}")
    for name, _, said in failed:
        need(said, f"self-test of {name} says nothing")


def we_unregister(run: Run) -> None:
    """Staff leave: DELETE at the hub; its token is good no more here."""
    said = run.staff.leave(peer=run.name)
    need("1000" in said, f"the hub said {said}")
    same(run.hub.credentials, None, "credentials at the hub")
    refused(run.get(run.platform.versions_url, routed=False), 401)


def form(run: Run) -> None:
    """All that we sent and answered in this run has the form of the specification."""
    found = run.hub.complaints + run.caller.complaints
    need(not found, f"{len(found)}, the first: {found[:3]}")
