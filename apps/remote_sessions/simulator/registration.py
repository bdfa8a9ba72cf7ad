"""The simulated operator registers at an eMSP, or the eMSP at it; then both push to each other."""

import base64
import json
import secrets
import urllib.request
import uuid
from typing import Any

from apps.remote_sessions.simulator import catalogue, published
from apps.remote_sessions.simulator.operator import Config

SECONDS = 20


class RegistrationFailed(Exception):
    """The eMSP did not answer as OCPI wants."""


def ask(method: str, url: str, token: str, body: Any = None) -> Any:
    """One request; the `data` of its answer. Raises RegistrationFailed."""
    encoded = base64.b64encode(token.encode()).decode()
    headers = {
        "Authorization": f"Token {encoded}", "Content-Type": "application/json",
        "X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4()),
    }  # fmt: skip
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            envelope = json.load(answer)
    except (OSError, ValueError) as error:
        raise RegistrationFailed(f"{method} {url}: {error}") from error
    if envelope.get("status_code") != 1000:
        raise RegistrationFailed(f"{method} {url}: {envelope.get('status_message')}")
    return envelope.get("data")


def register(config: Config, *, own: str, versions_url: str, token: str) -> None:
    """We send our credentials (POST) with the registration token that the eMSP gave us."""
    endpoints = _endpoints(versions_url, token)
    config.token = secrets.token_urlsafe(32)
    ours = published.credentials(own, config.token)
    theirs = ask("POST", endpoints["credentials", ""], token, ours)
    _use(config, endpoints, theirs["token"])


def accept(config: Config, *, own: str, theirs: dict[str, Any]) -> dict[str, Any]:
    """The eMSP sent its credentials; returns ours."""
    _use(config, _endpoints(theirs["url"], theirs["token"]), theirs["token"])
    config.token = secrets.token_urlsafe(32)
    return published.credentials(own, config.token)


def _endpoints(versions_url: str, token: str) -> dict[tuple[str, str], str]:
    """Module and interface -> URL; the credentials module under ("credentials", "")."""
    offered = {each["version"]: each["url"] for each in ask("GET", versions_url, token)}
    if published.VERSION not in offered:
        raise RegistrationFailed(f"{versions_url} has no OCPI {published.VERSION}.")
    found = ask("GET", offered[published.VERSION], token)["endpoints"]
    urls = {(each["identifier"], each["role"]): each["url"] for each in found}
    urls["credentials", ""] = next(e["url"] for e in found if e["identifier"] == "credentials")
    return urls


def _use(config: Config, endpoints: dict[tuple[str, str], str], token: str) -> None:
    config.peer_token = token
    config.sessions_url = endpoints["sessions", "RECEIVER"]
    config.cdrs_url = endpoints["cdrs", "RECEIVER"]
    config.endpoints = endpoints


def publish(config: Config) -> int:
    """Push our locations and the tariff to the eMSP; returns how many objects."""
    objects = [("locations", each) for each in published.locations()]
    objects += [("tariffs", each) for each in published.tariffs()]
    for module, each in objects:
        base = config.endpoints[module, "RECEIVER"].rstrip("/")
        url = f"{base}/{catalogue.COUNTRY}/{catalogue.PARTY}/{each['id']}"
        ask("PUT", url, config.peer_token, each)
    return len(objects)
