"""Every example of the specification goes in with status 1000 and comes back equal.

Needs a checkout or bare copy of github.com/ocpi/ocpi: OCPI_SPECIFICATION=/path/to/it.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.roaming.ocpi.credentials import read_credentials, write_credentials
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.versions import Version
from apps.roaming.secrets import decrypt_token
from apps.roaming.services.discovery import Found
from apps.roaming.services.invitations import invite_peer
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory, role

REPOSITORY = os.environ.get("OCPI_SPECIFICATION", "")
BRANCHES = {
    "2.1.1": "release-2.1.1-bugfixes",
    "2.2.1": "release-2.2.1-bugfixes",
    "2.3.0": "2.3.0/release/core",
}
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not REPOSITORY, reason="OCPI_SPECIFICATION names no copy of the text"),
]


def git(*command: str) -> str:
    run = ["git", "-C", REPOSITORY, *command]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def files(branch: str) -> Iterator[tuple[str, str]]:
    names = git("ls-tree", "-r", "--name-only", branch, "examples").split()
    for name in names:
        yield name.removeprefix("examples/").removesuffix(".json"), git("show", f"{branch}:{name}")


def blocks_of_2_1_1() -> Iterator[tuple[str, str]]:
    branch = BRANCHES["2.1.1"]
    for module in ("cdrs", "sessions", "tariffs", "tokens", "locations"):
        text = git("show", f"{branch}:mod_{module}.md")
        for n, block in enumerate(re.findall(r"```json\n(.*?)```", text, re.DOTALL)):
            body = block[block.index("{") :] if "{" in block else ""
            # What has no id is a fragment or a partial update.
            if '"id"' in body or '"uid"' in body:
                yield f"{module}_{n}", body


KINDS = ("cdr", "session", "tariff", "token", "location")
Example = tuple[str, str, str]


def examples() -> Iterator[Example]:
    """Whole objects: version, name and text."""
    if not REPOSITORY:
        return
    for version in ("2.2.1", "2.3.0"):
        for name, text in files(BRANCHES[version]):
            if name.startswith(KINDS) and {"id", "uid"} & set(json.loads(text)):
                yield version, name, text
    for name, text in blocks_of_2_1_1():
        yield "2.1.1", name, text


def inner_examples() -> Iterator[Example]:
    """The EVSEs and connectors that the examples of locations and EVSEs hold."""
    for version, name, text in examples():
        if name.startswith("location"):
            body = json.loads(text)
            for evse in [body] if "connectors" in body else body.get("evses", []):
                yield version, f"{name}_evse_{evse['uid']}", json.dumps(evse)
                for plug in evse["connectors"]:
                    yield version, f"{name}_connector_{plug['id']}", json.dumps(plug)


def patches() -> Iterator[tuple[str, str, str, str]]:
    """Version, name, path after the module's address, and text of partial updates."""
    paths = {
        "location_patch_example_status": "locations/NL/TNM/1012/3255",
        "location_patch_example_location": "locations/NL/TNM/1012",
        "location_patch_example_tariff": "locations/NL/TNM/1012/3255/2",
        "location_patch_example_remove_evse": "locations/NL/TNM/1012/3256",
    }
    if not REPOSITORY:
        return
    for version in ("2.2.1", "2.3.0"):
        for name, text in files(BRANCHES[version]):
            if name in paths:
                yield version, name, paths[name], text
    text = git("show", f"{BRANCHES['2.1.1']}:mod_locations.md")
    found = re.findall(r"PATCH To URL: \S*?/(locations/\S+)\s*(\{.*?\n\})", text, re.DOTALL)
    for n, (path, body) in enumerate(found):
        yield "2.1.1", f"patch_{n}", path, body


def credentials() -> Iterator[Example]:
    if not REPOSITORY:
        return
    for version in ("2.2.1", "2.3.0"):
        for name, text in files(BRANCHES[version]):
            if name.startswith("credentials"):
                yield version, name, text
    text = git("show", f"{BRANCHES['2.1.1']}:credentials.md")
    for n, block in enumerate(re.findall(r"```json\n(.*?)```", text, re.DOTALL)):
        yield "2.1.1", f"credentials_{n}", block


@pytest.fixture
def peer() -> PeerClient:
    parties = "NL*TNM BE*BEC NL*ALF NL*ALL DE*ALL DE*TNM NL*STK SE*EVC CA*FLO".split()  # noqa: SIM905
    PeerFactory(roles=[role(party) for party in parties], token="secret")
    return PeerClient("secret")


def path_of(version: str, name: str, body: dict[str, Any]) -> str:
    party = f"{body.get('country_code', 'NL')}/{body.get('party_id', 'TNM')}"
    kind = next(kind for kind in KINDS if name.startswith(kind))
    if "evse_id" in body and "connectors" in body:
        return f"locations/NL/TNM/1012/{body['uid']}"
    return f"{kind}s/{party}/{body.get('id') or body.get('uid')}"


@pytest.mark.parametrize(("version", "name", "text"), list(examples()))
def test_example_goes_in_and_comes_back_equal(
    peer: PeerClient, version: str, name: str, text: str
) -> None:
    body = json.loads(text)
    peer.version = version
    if name.startswith("cdr"):
        sent = peer.post("cdrs", text)
        path = sent.headers.get("Location", "")
        path = path[path.index("/ocpi/") :] if path else ""
    else:
        path = path_of(version, name, body)
        if path.count("/") == 4:
            put_location_1012(peer)
        sent = peer.put(path, text)
    assert status(sent) == (201, 1000), sent.content
    assert peer.get(path).json()["data"] == body


@pytest.mark.parametrize(("version", "name", "text"), list(inner_examples()))
def test_evse_and_connector_go_in_by_themselves(
    peer: PeerClient, version: str, name: str, text: str
) -> None:
    peer.version = version
    put_location_1012(peer)
    body = json.loads(text)
    path = "locations/NL/TNM/1012/"
    if "connectors" in body:
        path += body["uid"]
    else:
        evse = {"uid": "3255", "status": "AVAILABLE", "connectors": [],
                "last_updated": "2015-01-01T00:00:00Z"}  # fmt: skip
        assert status(peer.put(f"{path}3255", evse)) == (201, 1000)
        path += f"3255/{body['id']}"
    assert status(peer.put(path, text)) == (201, 1000)
    assert peer.get(path).json()["data"] == body


@pytest.mark.parametrize(("version", "name", "path", "text"), list(patches()))
def test_partial_update_changes_what_it_names(
    peer: PeerClient, version: str, name: str, path: str, text: str
) -> None:
    peer.version = version
    put_location_1012(peer, evses=("3255", "3256"))
    before, patch = peer.get(path).json()["data"], json.loads(text)
    assert status(peer.patch(path, text)) == (200, 1000)
    after = peer.get(path).json()["data"]
    # The text of 2.1.1 patches without the time.
    patch.setdefault("last_updated", after["last_updated"])
    assert after == before | patch


@pytest.mark.parametrize(("version", "name", "text"), list(credentials()))
def test_credentials_register_the_peer_with_all_they_say(
    version: str, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.loads(text)
    asked = []

    def discover(**known: Any) -> Found:
        asked.append((known["peer"].versions_url, known["token"]))
        return Found(Version(version), [])

    # The addresses of the examples are none that can be called.
    monkeypatch.setattr("apps.roaming.services.registration.discover", discover)
    known = PeerFactory(new=True)
    client = PeerClient(invite_peer(peer=known, now=timezone.now()), version)
    assert status(client.post("credentials", text)) == (200, 1000)
    assert asked == [(body["url"], body["token"])]
    known.refresh_from_db()
    kept = read_credentials(Fields(body), Version(version))
    assert write_credentials(kept, Version(version)).body == body
    assert known.roles == [
        {"role": role.role, "country_code": role.party.country_code,
         "party_id": role.party.party_id, "business_details": role.business_details}
        for role in kept.roles
    ]  # fmt: skip
    assert (known.versions_url, decrypt_token(known.outgoing_token)) == asked[0]


def put_location_1012(peer: PeerClient, evses: tuple[str, ...] = ()) -> None:
    old = "2015-01-01T00:00:00Z"
    plugs = [
        {"id": plug, "standard": "IEC_62196_T2", "format": "CABLE", "power_type": "AC_3_PHASE",
         "max_voltage": 220, "max_amperage": 16, "last_updated": old}
        for plug in "12"
    ]  # fmt: skip
    body = {
        "country_code": "NL", "party_id": "TNM", "id": "1012", "publish": True,
        "address": "Kade 1", "city": "Delft", "country": "NLD",
        "coordinates": {"latitude": "52.0", "longitude": "4.3"},
        "time_zone": "Europe/Amsterdam", "last_updated": old,
        "evses": [
            {"uid": uid, "status": "AVAILABLE", "connectors": plugs, "last_updated": old}
            for uid in evses
        ],
    }  # fmt: skip
    assert status(peer.put("locations/NL/TNM/1012", body)) == (201, 1000)
