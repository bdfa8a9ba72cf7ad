"""Is what we send in the form that the specification says? A complaint for each thing that isn't.

`transport_and_format`, `mod_tokens`, `mod_commands`, `mod_charging_profiles`, `credentials`.
"""

import base64
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.hub.server import Hub, Request

DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
CONFIGURATION = {"versions", "credentials", "hubclientinfo"}
TOKEN = {"uid", "type", "issuer", "valid", "whitelist", "last_updated"}
COMMANDS = {
    "START_SESSION": {"response_url", "token", "location_id"},
    "STOP_SESSION": {"response_url", "session_id"},
    "RESERVE_NOW": {"response_url", "token", "expiry_date", "reservation_id", "location_id"},
    "CANCEL_RESERVATION": {"response_url", "reservation_id"},
    "UNLOCK_CONNECTOR": {"response_url", "location_id", "evse_uid", "connector_id"},
}


def complaints_of(request: "Request", hub: "Hub") -> list[str]:
    """What is wrong with the request."""
    where = f"{request.method} {request.path}"
    found = [*_headers(request, hub), *_routing(request, hub), *_query(request)]
    if request.method in ("PUT", "POST", "PATCH"):
        found += _body(request, hub)
    return [f"{where}: {each}" for each in found]


def _headers(request: "Request", hub: "Hub") -> list[str]:
    headers, found = request.headers, []
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme != "Token" or not value:
        found.append("no Authorization: Token")
    elif hub.operator.old != (not _is_base64(value, hub)):
        found.append("the token is encoded otherwise than the version says")
    ids = [headers.get("x-request-id", ""), headers.get("x-correlation-id", "")]
    if not all(ids):
        found.append("X-Request-ID or X-Correlation-ID is missing")
    if sum(ids[0] == each.headers.get("x-request-id") for each in hub.seen) > 1:
        found.append("X-Request-ID was used before")
    if request.body is not None and not headers.get("content-type", "").startswith(
        "application/json"
    ):
        found.append("Content-Type is not application/json")
    return found


def _is_base64(value: str, hub: "Hub") -> bool:
    """Our tokens are hexadecimal, which base64 could be too: the meaning decides."""
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii")
    except ValueError:
        return False
    return decoded in {hub.token_a, hub.token_b} or value not in {hub.token_a, hub.token_b}


def _routing(request: "Request", hub: "Hub") -> list[str]:
    named = {name: value for name, value in request.headers.items() if name.startswith("ocpi-")}
    if hub.operator.old or request.module in CONFIGURATION:
        return ["routing headers where there are none"] if named else []
    found = []
    sender = (named.get("ocpi-from-country-code"), named.get("ocpi-from-party-id"))
    if sender != hub.us:
        found.append(f"comes from {sender}")
    to = (named.get("ocpi-to-country-code"), named.get("ocpi-to-party-id"))
    operator = (hub.operator.country, hub.operator.party)
    is_for_hub = request.module not in ("commands", "chargingprofiles") and request.method in (
        "GET", "PUT") and not request.path.endswith("charging_preferences")  # fmt: skip
    wanted = (hub.operator.country, hub.hub_party) if is_for_hub else operator
    if to != wanted:
        found.append(f"goes to {to}, not {wanted}")
    return found


def _query(request: "Request") -> list[str]:
    found = []
    for name, value in request.query.items():
        if name.startswith("date_") and not DATE.match(value):
            found.append(f"{name}={value} is no date in UTC")
        if name in ("offset", "limit", "duration") and not value.isdigit():
            found.append(f"{name}={value} is no number")
    return found


def _body(request: "Request", hub: "Hub") -> list[str]:
    body: Any = request.body
    if not isinstance(body, dict):
        return ["the body is no object"]
    if request.module == "tokens":
        return _token(body, hub) + _token_url(request, hub)
    if request.module == "commands":
        command = request.parts[-1]
        missing = COMMANDS.get(command, {"a known command"}) - set(body)
        found = [f"{command} lacks {name}" for name in sorted(missing)]
        if "token" in body:
            found += _token(body["token"], hub)
        if hub.operator.old and not isinstance(body.get("reservation_id", 0), int):
            found.append("reservation_id of 2.1.1 is a number")
        return found
    if request.module == "chargingprofiles":
        missing = {"charging_profile", "response_url"} - set(body)
        return [f"the charging profile lacks {name}" for name in sorted(missing)]
    if request.module == "credentials":
        party = {"party_id", "country_code", "business_details"}
        missing = {"token", "url"} | (party if hub.operator.old else {"roles"})
        return [f"credentials lack {name}" for name in sorted(missing - set(body))]
    return []


def _token(token: Any, hub: "Hub") -> list[str]:
    own = {"auth_id"} if hub.operator.old else {"country_code", "party_id", "contract_id"}
    found = [f"the token lacks {name}" for name in sorted((TOKEN | own) - set(token))]
    if not DATE.match(str(token.get("last_updated"))):
        found.append("last_updated of the token is no date")
    if not isinstance(token.get("valid"), bool):
        found.append("valid of the token is no boolean")
    return found


def _token_url(request: "Request", hub: "Hub") -> list[str]:
    country, party, uid = request.parts[-3:]
    inside = hub.us if hub.operator.old else (
        request.body.get("country_code"), request.body.get("party_id"))  # fmt: skip
    if (country, party, uid) != (*inside, request.body.get("uid")):
        return ["the URL contradicts the token"]
    return []
