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


def examples() -> Iterator[tuple[str, str, str]]:
    if not REPOSITORY:
        return
    for version in ("2.2.1", "2.3.0"):
        for name, text in files(BRANCHES[version]):
            if name.startswith(KINDS) and {"id", "uid"} & set(json.loads(text)):
                yield version, name, text
    for name, text in blocks_of_2_1_1():
        yield "2.1.1", name, text


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


def put_location_1012(peer: PeerClient) -> None:
    peer.put(
        "locations/NL/TNM/1012",
        {
            "country_code": "NL", "party_id": "TNM", "id": "1012", "publish": True,
            "address": "Kade 1", "city": "Delft", "country": "NLD",
            "coordinates": {"latitude": "52.0", "longitude": "4.3"},
            "time_zone": "Europe/Amsterdam", "last_updated": "2015-01-01T00:00:00Z", "evses": [],
        },
    )  # fmt: skip
